import type { Batch } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import { describe, expect, test } from 'vitest';
import dropBlank from './index.ts';

const create = () => dropBlank.definition.create({}, fakeTransformContext());

async function apply(values: string[]): Promise<Batch> {
  return create().apply(await memoryBatch(values)) as Batch;
}

describe('contract', () => {
  for (const { name, run } of transformContract(() => ({ create, records: ['\t\r'] }))) test(name, run);
});

test('drops what is empty or only white space, and keeps order and positions', async () => {
  const batch = await apply(['', 'a', '  \t', ' b ', '\r', '\v\f', 'c']);
  expect([...batch].map(({ text, offset }) => [text, offset])).toEqual([
    ['a', 1],
    [' b ', 3],
    ['c', 6],
  ]);
});

test('a batch without blanks is passed on as it is', async () => {
  const batch = await apply(['a', 'b']);
  expect(batch.count).toBe(2);
  expect(batch.starts).toBe(batch.chunk.starts);
});
