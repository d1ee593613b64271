import { type Batch, DictionaryColumn } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import { describe, expect, test } from 'vitest';
import sample from './index.ts';

const { definition } = sample;
const create = (options: object) => definition.create(definition.options.parse(options), fakeTransformContext());
const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);
const kept = async (options: object, batch: Promise<Batch>) => [...(create(options).apply(await batch) as Batch)];

describe('contract', () => {
  for (const { name, run } of transformContract(() => ({ create: () => create({ rate: 2 }) }))) test(name, run);
});

test('keeps about one of so many, spread over the file', async () => {
  const records = await kept({ rate: 10 }, memoryBatch(lines));
  expect(Math.abs(records.length - 2000)).toBeLessThan(200);
  for (let from = 0; from < 20_000; from += 2000)
    expect(records.filter(({ offset }) => offset >= from && offset < from + 2000).length).toBeGreaterThan(100);
});

test('what is read again has the same fate; a rate of 1 keeps all', async () => {
  const offsets = async () => (await kept({ rate: 10 }, memoryBatch(lines))).map(({ offset }) => offset);
  expect(await offsets()).toEqual(await offsets());
  const batch = await memoryBatch(lines);
  expect(create({ rate: 1 }).apply(batch)).toBe(batch);
});

test('keeps or drops a key as a whole', async () => {
  const batch = memoryBatch(lines).then((all) =>
    all.withColumn(
      'trace',
      DictionaryColumn.from(all.count, (i) => (i % 7 === 0 ? undefined : String(i % 500))),
    ),
  );
  const records = await kept({ rate: 5, key: '{{ trace }}' }, batch);
  const byTrace = Map.groupBy(records, (record) => record.attribute('trace'));
  expect(Math.abs(byTrace.size - 100)).toBeLessThan(50);
  for (const [trace, own] of byTrace) {
    if (trace === undefined) expect(Math.abs(own.length - 571)).toBeLessThan(120);
    else expect(own.length).toBe(lines.filter((_, i) => i % 7 !== 0 && String(i % 500) === trace).length);
  }
});

test('keeps what is excluded', async () => {
  const records = await kept({ rate: 1_000_000, exclude: 'message.endsWith("99")' }, memoryBatch(lines));
  expect(records.filter(({ text }) => text.endsWith('99')).length).toBe(200);
  expect(records.length).toBeLessThan(210);
});
