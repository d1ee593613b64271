import { expect, test } from 'vitest';
import { Committed } from './committed.ts';
import type { StoredBatch } from './record-reader.ts';

/** As it stands in a partition: `2 a/x=1` from producer 2, `2 commit` its end, `- a/x=1` in no transaction. */
function batch(text: string): StoredBatch {
  const [who, what, ...more] = text.split(' ');
  const transactional = who !== '-';
  const end = what === 'commit' || what === 'abort' ? what : undefined;
  const records = [what!, ...more].map((record) => {
    const [key, value] = record.split('=');
    return { key: Buffer.from(key!), value: value === undefined ? null : Buffer.from(value) };
  });
  const producerId = BigInt(transactional ? who! : -1);
  return { next: 0n, producerId, transactional, end, records: end ? [] : records };
}

function values(...batches: string[]): Record<string, string> {
  const committed = new Committed('a/');
  for (const each of batches) committed.take(batch(each));
  return Object.fromEntries(committed.values);
}

test('what counts is what was committed, the last of each key', () => {
  expect(values('1 a/x=1 a/y=1', '1 commit', '1 a/x=2', '1 commit')).toEqual({ 'a/x': '2', 'a/y': '1' });
  expect(values('1 a/x=1', '1 commit', '1 a/x=2')).toEqual({ 'a/x': '1' });
  expect(values('1 a/x=1', '1 commit', '1 a/x=2', '1 abort', '1 a/y=3', '1 commit')).toEqual({
    'a/x': '1',
    'a/y': '3',
  });
  expect(values('1 a/x=1', '1 commit', '1 a/x', '1 commit')).toEqual({});
});

test('another transaction that is open holds up nothing, and others are not ours', () => {
  expect(values('2 b/x=1', '1 a/x=1', '1 commit')).toEqual({ 'a/x': '1' });
  expect(values('2 a/x=1', '1 a/x=2', '1 commit', '2 commit')).toEqual({ 'a/x': '1' });
  expect(values('2 b/x=1 ab/x=1', '2 commit')).toEqual({});
});

test('the end of a transaction of which compaction has left nothing, and records in no transaction', () => {
  expect(values('1 commit', '- a/x=1', '3 abort')).toEqual({ 'a/x': '1' });
});
