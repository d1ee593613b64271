import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, batchOf, LogcatchError, type Refused } from '@logcatch/plugin-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BufferPool } from '../pipeline/pool.ts';
import { bytesOf, type DeadLetter } from './dead-letter.ts';
import { readLetters, summarize } from './dead-letter-summary.ts';
import { DeadLetters } from './dead-letters.ts';

const reason = new LogcatchError('LC_RECORD_REFUSED', 'too large');
const source = { key: 7, input: 'app', path: '/a.log', attributes: { team: 't' }, position: 0 };
const beginning = { segment: 0, byte: 0 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logcatch-letters-'));
  writeFileSync(join(folder, 'state.db'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

function batch(...values: (string | Uint8Array)[]): Promise<Batch> {
  const at = { start: 0, buffers: new BufferPool(1 << 20), signal: new AbortController().signal };
  return batchOf(source, values, at);
}

function all({ count }: Batch): Refused[] {
  return Array.from({ length: count }, (_, index) => ({ index, reason }));
}

async function addAll(letters: DeadLetters, output: string, ...values: (string | Uint8Array)[]): Promise<void> {
  const records = await batch(...values);
  for (let taken = 0; taken < values.length; ) taken += await letters.add(output, records, all(records).slice(taken));
}

const stored = () => [...readLetters(folder, {})];
const values = () => stored().map(({ value }) => value);
const segments = () => readdirSync(join(folder, 'dead-letters')).toSorted();
const first = () => join(folder, 'dead-letters/000001.jsonl');

describe('what comes in', () => {
  test('stands with reason, origin, attributes and its exact bytes', async () => {
    const letters = new DeadLetters(folder, 1 << 20, () => 0);
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    const records = (await batch('text', bytes)).withAttribute('level', ({ index }) =>
      index === 0 ? 'info' : undefined,
    );
    expect(await letters.add('kafka', records, [{ index: 0, reason, target: 'app' }, all(records)[1]!])).toBe(2);
    const origin = {
      time: '1970-01-01T00:00:00.000Z',
      output: 'kafka',
      code: 'LC_RECORD_REFUSED',
      reason: 'too large',
    };
    const place = { input: 'app', path: '/a.log', source: 7, attributes: { team: 't' } };
    expect(stored()).toEqual([
      { ...origin, ...place, target: 'app', offset: 0, computed: { level: 'info' }, value: 'text' },
      { ...origin, ...place, offset: 1, value_base64: '/wD+' },
    ]);
    expect(bytesOf(stored()[1]!)).toEqual(bytes);
    expect(letters.buriedBy('kafka')).toEqual({ records: 2, lastAt: 0, lastReason: 'LC_RECORD_REFUSED too large' });
    expect(letters.buriedBy('other')).toBeUndefined();
  });

  test('the newest of each output is known after a restart, for as long as it is there', async () => {
    let now = 0;
    const letters = new DeadLetters(folder, 1 << 20, () => now);
    await addAll(letters, 'kafka', 'one');
    now = 1_000;
    await addAll(letters, 'kafka', 'two');
    const again = new DeadLetters(folder);
    expect(again.buriedBy('kafka')).toEqual({ records: 0, lastAt: 1_000, lastReason: 'LC_RECORD_REFUSED too large' });
    expect(again.count).toBe(0);
    await again.drop({});
    expect(new DeadLetters(folder).buriedBy('kafka')).toBeUndefined();
  });

  test('full, they take nothing more, and again when there is room', async () => {
    const letters = new DeadLetters(folder, 1_000);
    const records = await batch('x');
    let taken = 0;
    const fill = async () => {
      for (;;) taken += await letters.add('kafka', records, all(records));
    };
    await expect(fill()).rejects.toMatchObject({ code: 'LC_DEAD_LETTERS_FULL' });
    expect(taken).toBeGreaterThan(1);
    expect(stored()).toHaveLength(taken);
    expect(letters.usage.bytes).toBeLessThanOrEqual(1_000);
    expect(await letters.drop({})).toBe(taken);
    expect(letters.usage.bytes).toBe(0);
    expect(await letters.add('kafka', records, all(records))).toBe(1);
  });

  test('one that is larger than all the room is taken alone; a batch that is, in parts', async () => {
    const letters = new DeadLetters(folder, 1_000);
    const records = await batch('y'.repeat(2_000), ...Array(5).fill('z'));
    expect(await letters.add('kafka', records, all(records))).toBe(1);
    await expect(letters.add('kafka', records, all(records).slice(1))).rejects.toMatchObject({
      code: 'LC_DEAD_LETTERS_FULL',
    });
    await letters.drop({});
    expect(await letters.add('kafka', records, all(records).slice(1))).toBe(1);
  });

  test('what a kill has torn is skipped, and cut off before the next ones', async () => {
    await addAll(new DeadLetters(folder), 'kafka', 'one');
    appendFileSync(first(), '{"time":"2026-01-01T00:00:00.000Z","output":"ka');
    expect(summarize(folder, {})).toMatchObject({ records: 1, damaged: 0 });
    await addAll(new DeadLetters(folder), 'kafka', 'two');
    expect(values()).toEqual(['one', 'two']);
    expect(summarize(folder, {})).toMatchObject({ records: 2, damaged: 0 });
  });

  test('many at once come one after the other', async () => {
    const letters = new DeadLetters(folder, 16_000);
    const names = Array.from({ length: 50 }, (_, i) => `r${i}`);
    await Promise.all(names.map((name) => addAll(letters, 'kafka', name)));
    expect(values()).toEqual(names);
    expect(segments().length).toBeGreaterThan(3);
    expect(segments().length).toBeLessThanOrEqual(9);
  });
});

describe('what goes out', () => {
  test('what was asked for, and nothing else', async () => {
    const letters = new DeadLetters(folder, 8_000);
    for (let i = 0; i < 10; i++) await addAll(letters, i % 2 === 0 ? 'even' : 'odd', `r${i}`);
    expect(await letters.drop({ output: 'none' })).toBe(0);
    expect(await letters.drop({ code: 'LC_OTHER' })).toBe(0);
    expect(await letters.drop({ before: 1 })).toBe(0);
    expect(await letters.drop({ output: 'odd', code: 'LC_RECORD_REFUSED', before: Date.now() })).toBe(5);
    expect(values()).toEqual(['r0', 'r2', 'r4', 'r6', 'r8']);
    expect(await letters.drop({})).toBe(5);
    expect(segments()).toEqual([]);
  });

  test('lines that are no letters are counted, and go only when everything does', async () => {
    const letters = new DeadLetters(folder);
    await addAll(letters, 'kafka', 'one');
    appendFileSync(first(), 'no letter\n{"output":"kafka"}\n');
    await addAll(letters, 'other', 'two');
    expect(summarize(folder, {})).toMatchObject({ records: 2, damaged: 2 });
    expect(await letters.drop({ output: 'other' })).toBe(1);
    expect(summarize(folder, {})).toMatchObject({ records: 1, damaged: 2 });
    expect(await letters.drop({})).toBe(1);
    expect(summarize(folder, {})).toMatchObject({ records: 0, damaged: 0, bytes: 0 });
  });

  test('letters are changed in steps while others come in, and each is asked for once', async () => {
    const letters = new DeadLetters(folder, 4_000);
    await addAll(letters, 'kafka', ...Array.from({ length: 12 }, (_, i) => `r${i}`));
    const asked: (string | undefined)[] = [];
    let steps = 0;
    const decide = async (chosen: readonly DeadLetter[]) => {
      asked.push(...chosen.map(({ value }) => value));
      await addAll(letters, 'new', `after ${asked.at(-1)}`);
      steps++;
      return chosen.map((letter) => {
        if (letter.value === 'r3') return letter;
        return letter.value === 'r5' ? { ...letter, reason: 'again' } : undefined;
      });
    };
    const edit = { filter: { output: 'kafka' }, most: 300, decide };
    let next = await letters.edit({ ...edit, from: beginning });
    while (next) next = await letters.edit({ ...edit, from: next });
    expect(steps).toBeGreaterThan(3);
    expect(asked).toEqual(Array.from({ length: 12 }, (_, i) => `r${i}`));
    expect(stored().filter(({ output }) => output === 'kafka')).toMatchObject([
      { value: 'r3', reason: 'too large' },
      { value: 'r5', reason: 'again' },
    ]);
    expect(values().filter((value) => value?.startsWith('after'))).toHaveLength(steps);
  });

  test('when deciding fails nothing has changed', async () => {
    const letters = new DeadLetters(folder);
    await addAll(letters, 'kafka', 'one');
    const decide = () => Promise.reject(new Error('no'));
    await expect(letters.edit({ from: beginning, filter: {}, decide })).rejects.toThrow('no');
    expect(values()).toEqual(['one']);
    expect(await letters.drop({})).toBe(1);
  });

  test('what a kill has left of an exchange goes', async () => {
    mkdirSync(join(folder, 'dead-letters'));
    const draft = join(folder, 'dead-letters/000001.jsonl.tmp');
    writeFileSync(draft, 'half');
    await addAll(new DeadLetters(folder), 'kafka', 'one');
    expect(existsSync(draft)).toBe(false);
    expect(values()).toEqual(['one']);
  });
});

test('the summary counts by output and code', async () => {
  let now = 1_000;
  const letters = new DeadLetters(folder, 1 << 20, () => now);
  const records = await batch('a', 'b', 'c');
  await letters.add('kafka', records, all(records));
  now = 5_000;
  const other = new LogcatchError('LC_RECORD_NO_VALUE', 'no value');
  await letters.add('kafka', records, [{ index: 0, reason: other }]);
  await letters.add('kafka', records, [{ index: 1, reason }]);
  const text = readFileSync(first());
  const summary = summarize(folder, {});
  expect(summary).toMatchObject({
    bytes: text.length,
    limit: 64 << 20,
    records: 5,
    damaged: 0,
    groups: [
      { output: 'kafka', code: 'LC_RECORD_REFUSED', records: 4, oldest: 1_000, newest: 5_000, reason: 'too large' },
      { output: 'kafka', code: 'LC_RECORD_NO_VALUE', records: 1, oldest: 5_000, newest: 5_000, reason: 'no value' },
    ],
  });
  expect(summary.groups[0]!.bytes + summary.groups[1]!.bytes).toBe(text.length);
  expect(summarize(folder, { code: 'LC_RECORD_NO_VALUE' })).toMatchObject({ records: 1, others: 4 });
});

test('where no agent has been there is nothing to look at', () => {
  expect(() => summarize(join(folder, 'none'), {})).toThrow(expect.objectContaining({ code: 'LC_AGENT_NOT_RUNNING' }));
});
