import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceMeta } from '@logcatch/plugin-api';
import { fakeInputContext } from '@logcatch/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lines } from '../framing/lines.ts';
import { openFile } from '../identity/file.ts';
import { readMeta } from '../identity/identity.ts';
import { clock } from '../machine/clock.ts';
import { disk } from '../machine/disk.ts';
import { HandleTable } from '../process/handle-table.ts';
import { ReadSlots } from '../process/read-slots.ts';
import { type Reading, Tail, type TailPlace } from './tail.ts';

const { signal } = new AbortController();
const { buffers, sources } = fakeInputContext();
const metas: SourceMeta[] = [];
const reading: Reading = {
  buffers,
  framer: new Lines({ stripCr: true, maxLineBytes: 1000, maxRecords: 65_536 }),
  clock,
  slots: new ReadSlots(),
  flawed: () => {},
};

const place: TailPlace = {
  disk,
  handles: new HandleTable(10),
  sources: { grown: () => {}, remember: (_, meta) => metas.push(meta) },
};

let folder: string;
let path: string;
let tail: Tail;
/** Runs after the bytes of a read are there and before the tail gets them. */
let meanwhile: (() => Promise<void>) | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tail-'));
  path = join(folder, 'a.log');
  await writeFile(path, 'one\n');
  const file = await openFile(disk, path);
  const read = file.handle.read.bind(file.handle);
  const slowRead: typeof read = async (...args) => {
    const result = await read(...args);
    await meanwhile?.();
    return result;
  };
  Object.assign(file.handle, { read: slowRead });
  const [source] = sources.open([{ path, meta: file.meta }]);
  tail = new Tail(place, file, source!, { once: false, grewAt: 0 });
  meanwhile = undefined;
});

afterEach(async () => {
  await tail.close();
  expect(buffers.used).toBe(0);
  await rm(folder, { recursive: true });
});

async function texts(): Promise<string[] | null> {
  const batch = await tail.read(reading, signal);
  if (!batch) return null;
  const lines = [...batch].map(({ text }) => text);
  batch.chunk.release();
  return lines;
}

test('growth that is seen while a read runs is not taken for truncation', async () => {
  meanwhile = async () => {
    await appendFile(path, 'two\n');
    tail.observe(1);
  };
  expect(await texts()).toEqual(['one']);
  meanwhile = undefined;
  expect(tail.overwritten).toBe(false);
  expect(tail.ready).toBe(true);
  expect(await texts()).toEqual(['two']);
  expect(tail.ready).toBe(false);
});

test.each([
  [
    'paused',
    () => {
      tail.paused = true;
    },
  ],
  ['rewound', () => tail.rewind(0)],
  ['closed', () => tail.close()],
])('a read that ends after the tail was %s gives nothing', async (_, change) => {
  meanwhile = async () => void change();
  expect(await texts()).toBe(null);
  expect(tail.position).toBe(0);
});

test('a file that is shorter than it was is overwritten, and so is one that begins with other bytes', async () => {
  expect(await texts()).toEqual(['one']);
  await truncate(path);
  tail.observe(1);
  expect([tail.overwritten, tail.ready]).toEqual([true, false]);

  const file = await tail.file.look();
  tail.restart(tail.source, file, 1);
  await appendFile(path, 'two\n');
  tail.observe(2);
  expect(await texts()).toEqual(['two']);
  await writeFile(path, 'other and longer\n');
  tail.observe(3);
  expect(await texts()).toBe(null);
  expect(tail.overwritten).toBe(true);
});

test('the fingerprint grows with a short file, up to its limit, and what was read is remembered', async () => {
  metas.length = 0;
  await texts();
  await appendFile(path, 'two\n');
  tail.observe(1);
  await texts();
  await appendFile(path, `${'x'.repeat(900)}\n`.repeat(2));
  tail.observe(2);
  await texts();
  await appendFile(path, 'more\n');
  tail.observe(3);
  await texts();
  expect([...new Set(metas.map(({ head_bytes }) => head_bytes))]).toEqual([4, 8, 1024]);
  expect([...new Set(metas.map(({ read }) => read))]).toEqual([4, 8, 1_810, 1_815]);
  expect(metas.at(-1)).toMatchObject(readMeta(1_815, Buffer.from(`${'x'.repeat(250)}\nmore\n`)));
});

test('a read that fills its chunk, up to a line end, has not seen the end of the file', async () => {
  // Seen when it had one line only.
  await appendFile(path, `${'x'.repeat(63)}\n`.repeat(128).slice(4));
  expect(await texts()).toHaveLength(65);
  expect(tail.ready).toBe(true);
  expect(await texts()).toHaveLength(64);
  expect(tail.ready).toBe(false);
});

test('a partial line is not searched again before there is more of it', async () => {
  await texts();
  await appendFile(path, 'par');
  tail.observe(1);
  expect(tail.ready).toBe(true);
  expect(await texts()).toBe(null);
  expect(tail.ready).toBe(false);
  await appendFile(path, 'tial');
  tail.observe(2);
  tail.finish();
  expect(await texts()).toEqual(['partial']);
  expect(tail.position).toBe(11);
});
