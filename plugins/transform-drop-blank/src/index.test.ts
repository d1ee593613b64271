import { BufferPool } from '@logcatch/core';
import { type Batch, batchOf } from '@logcatch/plugin-api';
import { fakeOutputContext, MemorySources } from '@logcatch/testing';
import { expect, test } from 'vitest';
import dropBlank from './index.ts';

async function apply(values: string[]): Promise<Batch> {
  const [source] = new MemorySources().open([{ path: '/a', meta: {} }]);
  const buffers = new BufferPool(1 << 20);
  const batch = await batchOf(source!, values, { start: 0, buffers, signal: new AbortController().signal });
  return dropBlank.definition.create({}, fakeOutputContext()).apply(batch) as Batch;
}

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
