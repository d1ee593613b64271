import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { type Batch, Rejected, Stuck } from '@logcatch/plugin-api';
import { fakeOutputContext, memoryBatch, outputContract } from '@logcatch/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FileOutput } from './file-output.ts';
import { type Disk, disk, Files } from './files.ts';
import { options } from './options.ts';

const { signal } = new AbortController();
let folder: string;
let outputs: FileOutput[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-file-'));
  outputs = [];
});

afterEach(async () => {
  for (const output of outputs) await output.stop();
  rmSync(folder, { recursive: true });
});

async function started(given: Record<string, unknown>, disk?: Disk) {
  const context = fakeOutputContext({ folder });
  const output = new FileOutput(options.parse({ path: './out/a.log', sync: false, ...given }), context, disk);
  outputs.push(output);
  await output.start();
  return { output, context };
}

const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const names = () => readdirSync(join(folder, 'out')).sort();
const write = async (output: FileOutput, ...values: string[]) => output.write(await memoryBatch(values), signal);

/** The disk is full after so many bytes: what fits is written, as `write(2)` does. */
class SmallDisk implements Disk {
  room = Number.POSITIVE_INFINITY;
  /** Files that this user may not write to. */
  readonly closed = new Set<string>();

  async open(path: string) {
    if (this.closed.has(basename(path))) throw Object.assign(new Error('closed'), { code: 'EACCES', errno: -13 });
    return disk.open(path);
  }

  async append(handle: Parameters<Disk['append']>[0], bytes: Uint8Array): Promise<void> {
    const fits = bytes.subarray(0, this.room);
    await handle.appendFile(fits);
    this.room -= fits.length;
    if (fits.length < bytes.length) throw Object.assign(new Error('full'), { code: 'ENOSPC', errno: -28 });
  }
}

describe('the output contract', () => {
  for (const sync of [true, false]) {
    const suite = outputContract(async () => {
      const target = mkdtempSync(join(tmpdir(), 'output-file-'));
      const disk = new SmallDisk();
      return {
        options: { folder: target },
        create: (context) => new FileOutput(options.parse({ path: './{{ topic }}.log', sync }), context, disk),
        written: async () => readFileSync(join(target, 'test.log'), 'utf8').split('\n').slice(0, -1),
        fail: async () => {
          disk.room = 10;
        },
        heal: async () => {
          disk.room = Number.POSITIVE_INFINITY;
        },
        cleanup: async () => rmSync(target, { recursive: true }),
      };
    });
    for (const { name, run } of suite) test(`sync ${sync}: ${name}`, run);
  }

  const refusing = outputContract(async () => {
    const target = mkdtempSync(join(tmpdir(), 'output-file-'));
    const path = options.parse({ path: './{{ to:-all }}.log', sync: false });
    return {
      create: (context) => {
        const output = new FileOutput(path, context);
        const routed = (batch: Batch) => batch.withAttribute('to', ({ text }) => (text === 'bad' ? '../x' : undefined));
        return {
          start: () => output.start(),
          write: (batch, aborted) => output.write(routed(batch), aborted),
          stop: () => output.stop(),
        };
      },
      options: { folder: target },
      written: async () => readFileSync(join(target, 'all.log'), 'utf8').split('\n').slice(0, -1),
      refused: 'bad',
      cleanup: async () => rmSync(target, { recursive: true }),
    };
  });
  for (const { name, run } of refusing) test(`a path for each record: ${name}`, run);
});

describe('paths', () => {
  test('a file for each value, in folders that are made', async () => {
    const { output } = await started({ path: './out/{{ topic }}/{{ level:-none }}.log' });
    const batch = (await memoryBatch(['one', 'two', 'three'], { topic: 'web' })).withAttribute('level', ({ index }) =>
      index === 1 ? 'warn' : undefined,
    );
    await output.write(batch, signal);
    expect(read('out/web/none.log')).toBe('one\nthree\n');
    expect(read('out/web/warn.log')).toBe('two\n');
  });

  test.each(['..', '../up', '/etc/x', 'a/../../b', 'a//b', 'a/./b', 'x\0y', 'n'.repeat(300)])(
    'a record whose attribute is %s stays below the folder, or nowhere',
    async (value) => {
      const { output } = await started({ path: './out/{{ to }}' });
      const batch = (await memoryBatch(['good', 'bad'])).withAttribute('to', ({ index }) => (index ? value : 'a.log'));
      const error = await output.write(batch, signal).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Rejected);
      expect((error as Rejected).records).toMatchObject([{ index: 1, reason: { code: 'LC_RECORD_REFUSED' } }]);
      expect(names()).toEqual(['a.log']);
      expect(readdirSync(folder)).toEqual(['out']);
    },
  );

  test('a record without the attribute is refused, and one whose path is a folder', async () => {
    const { output } = await started({ path: './out/{{ to }}' });
    mkdirSync(join(folder, 'out/taken'));
    const batch = (await memoryBatch(['a', 'b', 'c'])).withAttribute('to', ({ text }) =>
      text === 'a' ? undefined : text === 'b' ? 'taken' : 'c.log',
    );
    const error = (await output.write(batch, signal).catch((reason: unknown) => reason)) as Rejected;
    expect(error.records.map(({ index, reason }) => [index, reason.code])).toEqual([
      [0, 'LC_RECORD_NO_VALUE'],
      [1, 'LC_RECORD_REFUSED'],
    ]);
    expect(read('out/c.log')).toBe('c\n');
  });

  test.each(['./out/', './out/{{ a }}/../b', './out/{{ a }}//b', '{{ a }}/./b'])('%s is refused', (path) => {
    expect(options.safeParse({ path }).success).toBe(false);
  });

  test('at most so many files are open', async () => {
    const { output } = await started({ path: './out/{{ to }}', max_open_files: 2 });
    const values = Array.from({ length: 20 }, (_, i) => String(i % 5));
    const batch = (await memoryBatch(values)).withAttribute('to', ({ text }) => text);
    await output.write(batch, signal);
    await output.write(batch, signal);
    expect(output.figures()).toMatchObject({ open_files: 2 });
    for (const name of names()) expect(read(`out/${name}`)).toBe(`${name}\n`.repeat(8));
  });
});

test('a file without records for a minute is closed, and opened again when there are some', async () => {
  const files = new Files(options.parse({ path: 'a' }), fakeOutputContext().log);
  const path = join(folder, 'a.log');
  const append = (text: string) => files.append(new Map([[path, [Buffer.from(text)]]]), () => false);
  await append('one\n');
  await files.closeIdle(performance.now() + 59_000);
  expect(files.figures).toMatchObject({ open_files: 1 });
  await files.closeIdle(performance.now() + 61_000);
  expect(files.figures).toMatchObject({ open_files: 0 });
  await append('two\n');
  await files.stop();
  expect(read('a.log')).toBe('one\ntwo\n');
});

describe('a write that fails', () => {
  test('leaves the files as they were, and the same records are written once', async () => {
    const disk = new SmallDisk();
    const { output } = await started({ path: './out/{{ to }}' }, disk);
    const batch = (await memoryBatch(['one', 'two', 'three'])).withAttribute('to', ({ index }) => `${index % 2}.log`);
    await output.write(batch, signal);
    disk.room = 13;
    await expect(output.write(batch, signal)).rejects.toThrow('out/1.log: no space left on device');
    expect([read('out/0.log'), read('out/1.log')]).toEqual(['one\nthree\n', 'two\n']);
    disk.room = Number.POSITIVE_INFINITY;
    await nextTurn();
    await output.write(batch, signal);
    expect([read('out/0.log'), read('out/1.log')]).toEqual(['one\nthree\none\nthree\n', 'two\ntwo\n']);
  });

  test('fails those that wait behind it, so that nothing overtakes', async () => {
    const disk = new SmallDisk();
    const append = disk.append.bind(disk);
    // Full once.
    disk.append = async (handle, bytes) => {
      disk.room = 5;
      disk.append = append;
      await append(handle, bytes).finally(() => {
        disk.room = Number.POSITIVE_INFINITY;
      });
    };
    const { output } = await started({}, disk);
    const writes = await Promise.allSettled([
      write(output, 'first', 'x'.repeat(5 << 20)),
      write(output, 'second'),
      write(output, 'third'),
    ]);
    expect(writes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(read('out/a.log')).toBe('');
  });

  test('holds up nothing but what is for a file that this user may not write to', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const small = new SmallDisk();
    small.closed.add('a.log');
    const { output } = await started({ path: './out/{{ to }}.log' }, small);
    const to = async (name: string, value: string) => output.write(await memoryBatch([value], { to: name }), signal);
    const outcomes = await Promise.allSettled([to('a', 'one'), to('b', 'two'), to('a', 'three'), to('c', 'four')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect([read('out/b.log'), read('out/c.log')]).toEqual(['two\n', 'four\n']);
    // It stays so for a while, whatever becomes of the file: what came first has to be tried first.
    small.closed.clear();
    const stuck = await to('a', 'later').catch((error: unknown) => error);
    expect(stuck).toBeInstanceOf(Stuck);
    const { reason, over } = stuck as Stuck;
    expect(reason.describe()).toMatch(/LC_OUTPUT_FAILED .*a\.log: permission denied\. Let this user write there/);
    await vi.advanceTimersByTimeAsync(5_000);
    await over;
    await to('a', 'one');
    expect(read('out/a.log')).toBe('one\n');
  });

  test('what waits for such a file is free when the output stops', async () => {
    const small = new SmallDisk();
    small.closed.add('a.log');
    const { output } = await started({ path: './out/{{ to }}.log' }, small);
    const batch = await memoryBatch(['one'], { to: 'a' });
    const stuck = await output.write(batch, signal).catch((error: unknown) => error as Stuck);
    await output.stop();
    await (stuck as Stuck).over;
  });

  test('where records of one batch are for other files too, all of it comes again', async () => {
    const small = new SmallDisk();
    small.closed.add('a.log');
    const { output } = await started({ path: './out/{{ to }}.log' }, small);
    const batch = (await memoryBatch(['b', 'a'])).withAttribute('to', ({ text }) => text);
    await expect(output.write(batch, signal)).rejects.toMatchObject({ code: 'LC_OUTPUT_FAILED' });
    small.closed.clear();
    await nextTurn();
    await nextTurn();
    await output.write(batch, signal);
    expect([read('out/a.log'), read('out/b.log')]).toEqual(['a\n', 'b\n']);
  });

  test('does not touch a file that was put in its place meanwhile', async () => {
    const disk = new SmallDisk();
    const { output } = await started({}, disk);
    await write(output, 'one');
    const append = disk.append.bind(disk);
    disk.append = async (handle, bytes) => {
      renameSync(join(folder, 'out/a.log'), join(folder, 'out/moved'));
      writeFileSync(join(folder, 'out/a.log'), 'somebody else wrote this\n');
      disk.room = 2;
      await append(handle, bytes);
    };
    await expect(write(output, 'two')).rejects.toThrow('no space');
    expect(read('out/a.log')).toBe('somebody else wrote this\n');
  });
});

describe('what stands in a file when it is opened', () => {
  test.each([
    ['a torn line is cut off', 'one\ntw', 'one\nnew\n'],
    ['a long one too', `one\n${'x'.repeat(200_000)}`, 'one\nnew\n'],
    ['text without any line end is kept, and ended', 'no line end', 'no line end\nnew\n'],
    ['whole lines stay', 'one\n', 'one\nnew\n'],
    ['an empty file', '', 'new\n'],
  ])('%s', async (_what, before, after) => {
    mkdirSync(join(folder, 'out'));
    writeFileSync(join(folder, 'out/a.log'), before);
    const { output, context } = await started({});
    await write(output, 'new');
    expect(read('out/a.log')).toBe(after);
    const cut = before.includes('\n') && !before.endsWith('\n');
    expect(context.log.lines.some(({ level }) => level === 'warn')).toBe(cut);
  });

  test('a file that was renamed or deleted by somebody else is made anew', async () => {
    const { output } = await started({});
    await write(output, 'one');
    renameSync(join(folder, 'out/a.log'), join(folder, 'out/b.log'));
    await write(output, 'two');
    rmSync(join(folder, 'out'), { recursive: true });
    await write(output, 'three');
    expect(names()).toEqual(['a.log']);
    expect(read('out/a.log')).toBe('three\n');
  });
});

test('a file that is made anew while idle ones are closed stays open', async () => {
  const context = fakeOutputContext({ folder });
  const files = new Files({ ...options.parse({ path: 'a' }), sync: false }, context.log);
  const append = (name: string) => files.append(new Map([[join(folder, name), [Buffer.from('x\n')]]]), () => false);
  for (let n = 0; n < 20; n++) await append(`${n}.log`);
  rmSync(join(folder, '19.log'));
  await Promise.all([files.closeIdle(performance.now() + 60_000), append('19.log')]);
  expect(files.figures.open_files).toBe(1);
  await files.stop();
});

describe('rotation', () => {
  const texts = () => names().map((name) => (name.endsWith('.gz') ? gunzip(name) : read(`out/${name}`)));
  const gunzip = (name: string) => gunzipSync(readFileSync(join(folder, 'out', name))).toString();

  test('by size, before a write that would go beyond it; the oldest are deleted', async () => {
    const { output } = await started({ max_bytes: 8, keep: 2 });
    for (const value of ['one', 'two', 'three', 'four', 'fifth']) await write(output, value);
    expect(texts()).toEqual(['fifth\n', 'three\n', 'four\n']);
    expect(output.figures()).toMatchObject({ rotations: 3 });
  });

  test('by age, at the next write', async () => {
    const { output } = await started({ max_age: '1ms' });
    await write(output, 'one');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await write(output, 'two');
    expect(texts()).toEqual(['two\n', 'one\n']);
  });

  test('compressed in the background, also what an earlier run has left', async () => {
    mkdirSync(join(folder, 'out'));
    writeFileSync(join(folder, 'out/a.log'), 'zero\n');
    writeFileSync(join(folder, 'out/a.log.20200101T000000.000Z'), 'left\n');
    writeFileSync(join(folder, 'out/a.log.20200101T000000.000Z.gz.part'), 'torn');
    const { output } = await started({ max_bytes: 1, compress: 'gzip', keep: 3 });
    for (const value of ['one', 'two']) await write(output, value);
    await output.compressed();
    expect(texts()).toEqual(['two\n', 'left\n', 'zero\n', 'one\n']);
    expect(names().map((name) => name.endsWith('.gz'))).toEqual([false, true, true, true]);
  });

  test('of many files, what an earlier run has left is looked up once for a folder', async () => {
    mkdirSync(join(folder, 'out'));
    for (const name of ['a', 'b', 'c.20200101T000000.000Z'])
      writeFileSync(join(folder, 'out', `${name}.20200101T000000.000Z`), 'left\n');
    const given = { path: './out/{{ to }}', max_bytes: '1MiB', compress: 'gzip', max_open_files: 1 };
    const { output } = await started(given);
    const to = async (name: string) => output.write(await memoryBatch(['x'], { to: name }), signal);
    await to('a');
    await output.compressed();
    await to('b');
    await output.compressed();
    writeFileSync(join(folder, 'out/a.20210101T000000.000Z'), 'of another program\n');
    await to('a');
    await output.compressed();
    expect(names()).toEqual([
      'a',
      'a.20200101T000000.000Z.gz',
      'a.20210101T000000.000Z',
      'b',
      'b.20200101T000000.000Z.gz',
      'c.20200101T000000.000Z.20200101T000000.000Z',
    ]);
  });

  test('of what is deleted nothing stays, also where a kill has broken off its compression', async () => {
    mkdirSync(join(folder, 'out'));
    for (const name of ['a.log', 'a.log.20200101T000000.000Z', 'a.log.20200101T000000.000Z.gz.part'])
      writeFileSync(join(folder, 'out', name), 'x\n');
    const { output } = await started({ max_bytes: 1, keep: 1, compress: 'gzip' });
    await write(output, 'one');
    await output.compressed();
    expect(names()).toEqual(['a.log', expect.stringMatching(/^a\.log\.2[\dTZ.]+\.gz$/)]);
  });

  test('keeps away from files whose names only begin like it', async () => {
    const others = ['a.log.1', 'a.log.20200101', 'a.log2.20200101T000000.000Z', 'b.log'];
    mkdirSync(join(folder, 'out'));
    for (const name of others) writeFileSync(join(folder, 'out', name), 'x\n');
    const { output } = await started({ max_bytes: 1, keep: 0 });
    for (const value of ['one', 'two', 'three']) await write(output, value);
    expect(names()).toEqual(['a.log', ...others]);
  });

  test('what is about rotated files needs a rotation', () => {
    expect(options.safeParse({ path: 'a', keep: 3 }).success).toBe(false);
    expect(options.safeParse({ path: 'a', compress: 'gzip' }).success).toBe(false);
  });
});

test('JSON, as Kafka has it', async () => {
  const { output } = await started({ value: 'json' });
  await output.write(await memoryBatch(['a "line"'], { team: 'web' }), signal);
  expect(JSON.parse(read('out/a.log'))).toMatchObject({ team: 'web', name: 'test.log', message: 'a "line"' });
});

test('a folder that cannot be is a failure to start', async () => {
  writeFileSync(join(folder, 'out'), '');
  await expect(started({})).rejects.toThrow(`cannot write to ${join(folder, 'out')}: `);
});
