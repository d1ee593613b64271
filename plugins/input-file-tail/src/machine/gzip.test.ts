import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { disk, type Handle } from './disk.ts';
import { contentsOf, GzipHandle } from './gzip.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gzip-'));
  path = join(folder, 'a.gz');
});

afterEach(() => rm(folder, { recursive: true }));

/** Hardly compressible, and different everywhere. */
const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 2_654_435_761) >>> 24));

async function opened(bytes: Uint8Array) {
  await writeFile(path, bytes);
  return disk.open(path);
}

const whole = (file: Handle, length: number) =>
  new GzipHandle(file, { length, fault: undefined, rest: 0, before: new Map(), stamp: '', bytes: 0 });

test.each([
  ['a whole one', gzipSync(content), content.length, undefined],
  ['an empty one', gzipSync(''), 0, undefined],
  ['two, one after the other', Buffer.concat([gzipSync(content), gzipSync(content)]), 2 * content.length, undefined],
  [
    'one with zero bytes behind it',
    Buffer.concat([gzipSync(content), Buffer.alloc(20_000)]),
    content.length,
    undefined,
  ],
  ['no bytes at all', Buffer.alloc(0), 0, expect.anything()],
  ['one that is cut off', gzipSync(content).subarray(0, 200_000), expect.any(Number), 'unexpected end of file'],
  [
    'one with other bytes behind it',
    Buffer.concat([gzipSync(content), Buffer.from('x')]),
    content.length,
    expect.anything(),
  ],
])('what is known of %s', async (_, bytes, length, fault) => {
  const file = await opened(bytes);
  const contents = await contentsOf(file);
  expect(contents).toMatchObject({ length, fault });
  expect(contents.length).toBeLessThanOrEqual(2 * content.length);
  await file.close();
});

test('one with damage in it can be read up to there, as often as it is', async () => {
  const bytes = gzipSync(content);
  bytes.fill(0xff, 100_000, 100_100);
  const file = await opened(bytes);
  const { length, fault } = await contentsOf(file);
  expect(fault).toBeDefined();
  expect(length).toBeGreaterThan(50_000);
  expect(await contentsOf(file)).toMatchObject({ length, fault });
  const handle = whole(file, length);
  const into = Buffer.alloc(content.length);
  expect(await handle.read(into, into.length, 0)).toBe(length);
  // Damage is noticed a little later.
  expect(into.subarray(0, 50_000).equals(content.subarray(0, 50_000))).toBe(true);
  await handle.close();
});

test('what it holds before some places is seen while it is read through', async () => {
  const file = await opened(gzipSync(content));
  const ends = [150_000, 0, 10, 65_536, 65_537, content.length, content.length + 1, 150_000];
  const { before } = await contentsOf(file, ends);
  expect([...before.keys()].toSorted((a, b) => a - b)).toEqual([0, 10, 65_536, 65_537, 150_000, content.length]);
  for (const [end, bytes] of before) expect(content.subarray(Math.max(0, end - 256), end).equals(bytes)).toBe(true);
  await file.close();
});

test('reads anywhere, in any order and at once, what it holds', async () => {
  const places = fc.array(fc.tuple(fc.nat(content.length + 10), fc.integer({ min: 1, max: 100_000 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(places, async (reads) => {
      const handle = whole(await opened(gzipSync(content)), content.length);
      await Promise.all(
        reads.map(async ([position, length]) => {
          const into = Buffer.alloc(length);
          const read = await handle.read(into, length, position);
          expect(into.subarray(0, read).equals(content.subarray(position, position + length))).toBe(true);
        }),
      );
      await handle.close();
    }),
    { numRuns: 10 },
  );
});

test('what becomes a thousand times as much is not all in memory', async () => {
  const size = 256 << 20;
  const handle = whole(await opened(gzipSync(Buffer.alloc(size))), size);
  const into = Buffer.alloc(1 << 20);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let position = 0; position < size; position += into.length) {
    expect(await handle.read(into, into.length, position)).toBe(into.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(most).toBeLessThan(160 << 20);
  await handle.close();
});
