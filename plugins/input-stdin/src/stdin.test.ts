import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch } from '@logcatch/plugin-api';
import { fakeInputContext, inputContract, MemorySources } from '@logcatch/testing';
import { array, assert, asyncProperty, integer, string } from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { options } from './options.ts';
import { Pipe } from './pipe.ts';
import { StdinInput } from './stdin.ts';

const { signal } = new AbortController();

describe('the input contract', () => {
  const suite = inputContract(async () => {
    const stream = new PassThrough();
    const pipe = new Pipe(() => stream);
    return {
      create: (context) => new StdinInput(options.parse({}), context, pipe),
      produce: async (lines) => void stream.write(lines.map((line) => `${line}\n`).join('')),
      finish: async () => void stream.end(),
      cleanup: async () => void stream.destroy(),
    };
  });
  for (const { name, run } of suite) test(name, run);
});

async function started(given: Record<string, unknown> = {}, sources = new MemorySources(), maxRecords = 65_536) {
  const stream = new PassThrough();
  const pipe = new Pipe(() => stream);
  const context = fakeInputContext({ sources, maxRecords });
  const input = new StdinInput(options.parse(given), context, pipe);
  await input.start();
  return { stream, pipe, context, input };
}

/** All records to the end, and where batches end. */
async function rest(input: StdinInput): Promise<string[]> {
  const records: string[] = [];
  for (let batch = await input.read(signal); batch; batch = await input.read(signal)) {
    records.push(...[...batch].map(({ text }) => text));
    batch.chunk.release();
  }
  return records;
}

async function recordsOf(text: string, given = {}, maxRecords?: number): Promise<string[]> {
  const { stream, input } = await started(given, undefined, maxRecords);
  stream.end(text);
  return rest(input);
}

test('the end of the stream is the end of the input; a last line without line end counts', async () => {
  expect(await recordsOf('one\r\n\ntwo')).toEqual(['one', '', 'two']);
  expect(await recordsOf('one\n')).toEqual(['one']);
  expect(await recordsOf('')).toEqual([]);
  expect(await recordsOf('a\r\nb\r', { strip_cr: false })).toEqual(['a\r', 'b\r']);
});

test('long lines are split, and that is said once', async () => {
  expect(await recordsOf('abcdefgh\nab\nabcd\r\nabcde', { max_line_bytes: 4 })).toEqual([
    'abcd',
    'efgh',
    'ab',
    'abcd',
    'abcd',
    'e',
  ]);
  const { stream, input, context } = await started({ max_line_bytes: '1KiB' });
  stream.end(`${'x'.repeat(5_000)}\n`.repeat(3));
  await rest(input);
  expect(context.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('property: however the bytes come, the records are the same', async () => {
  const line = string({ unit: 'binary-ascii', maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, '-'));
  await assert(
    asyncProperty(
      array(line),
      array(integer({ min: 1, max: 20 })),
      integer({ min: 1, max: 5 }),
      integer({ min: 1, max: 40 }),
      async (lines, cuts, most, longest) => {
        const given = { max_line_bytes: longest };
        const { stream, input } = await started(given, undefined, most);
        const text = lines.map((line, i) => `${line}${i % 2 ? '\r\n' : '\n'}`).join('');
        const records = rest(input);
        let at = 0;
        for (const cut of cuts) {
          stream.write(text.slice(at, at + cut) || '');
          at += cut;
          await nextTurn();
        }
        stream.end(text.slice(at));
        expect(await records).toEqual(await recordsOf(text, given, most));
        if (longest > 30) expect(await records).toEqual(lines);
      },
    ),
    { numRuns: 50 },
  );
});

test('what has not settled can be read again, at the end too, and what has settled is forgotten', async () => {
  const { stream, pipe, input, context } = await started();
  stream.write('one\ntwo\n');
  const first = (await input.read(signal)) as Batch;
  context.sources.settle(first.source, 4);
  const reading = input.read(signal);
  await nextTurn(); // it waits for more by now
  input.rewind(first.source, 4);
  expect([...(await reading)!].map(({ text }) => text)).toEqual(['two']);
  stream.end();
  expect(await input.read(signal)).toBe(null);
  input.rewind(first.source, 4);
  expect(await rest(input)).toEqual(['two']);
  pipe.forget(8);
  expect(() => input.rewind(first.source, 4)).toThrow('standard input cannot be read from 4');
});

test('nothing more is read while its source is paused: whoever writes waits', async () => {
  const { stream, input } = await started();
  stream.write('first\n');
  await input.read(signal);
  input.pause();
  const reading = input.read(signal);
  while (stream.write('x'.repeat(1_000))) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(stream.writableNeedDrain).toBe(true);
  input.resume();
  stream.end('\n');
  expect((await reading)!.count).toBe(1);
});

test('what an earlier process has not delivered is gone', async () => {
  const sources = new MemorySources();
  const before = await started({}, sources);
  before.stream.write('lost\n');
  await before.input.read(signal);
  sources.restart();
  const { stream, input } = await started({}, sources);
  stream.end('new\n');
  expect(await rest(input)).toEqual(['new']);
  expect(sources.events.map(({ event }) => event)).toEqual(['found', 'resumed', 'gone', 'found']);
});

test('another instance in the same process goes on where everything has settled', async () => {
  const { stream, pipe, input, context } = await started();
  stream.write('one\ntwo\n');
  const batch = (await input.read(signal)) as Batch;
  context.sources.settle(batch.source, 4);
  context.sources.restart();
  const next = new StdinInput(options.parse({}), fakeInputContext({ sources: context.sources }), pipe);
  await next.start();
  stream.end('three\n');
  expect(await rest(next)).toEqual(['two', 'three']);
});

test('a stream that fails is a failure of the input', async () => {
  const { stream, input } = await started();
  const reading = input.read(signal);
  stream.destroy(new Error('the device is gone'));
  await expect(reading).rejects.toThrow('the device is gone');
});

test('a long line that comes byte by byte is copied once', async () => {
  const { stream, pipe, input } = await started();
  const copy = vi.spyOn(pipe, 'copy');
  const text = 'x'.repeat(20_000);
  const reading = input.read(signal);
  for (const byte of `${text}\n`) {
    stream.write(byte);
    await nextTurn();
  }
  const batch = (await reading)!;
  expect([...batch].map((record) => record.text)).toEqual([text]);
  expect(copy.mock.results.reduce((sum, { value }) => sum + value, 0)).toBe(text.length + 1);
});
