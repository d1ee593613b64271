import type { Source } from '@logcatch/plugin-api';
import { Template } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOfSource, murmur2, partitionOfKey, placementOf } from './partition.ts';

// From org.apache.kafka.common.utils.UtilsTest.testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %j is that of Java', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('a key has a partition that exists', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 10_000 }), (key, partitions) => {
      const partition = partitionOfKey(key, partitions);
      return Number.isInteger(partition) && partition >= 0 && partition < partitions;
    }),
  );
});

test('a source is known by host and path, not by its key, which changes with rotation', () => {
  const source = (key: number, path: string) => ({ key, path }) as Source;
  const hash = hashOfSource(source(1, '/var/log/a.log'), 'web-1');
  expect(hashOfSource(source(2, '/var/log/a.log'), 'web-1')).toBe(hash);
  expect(hashOfSource(source(1, '/var/log/b.log'), 'web-1')).not.toBe(hash);
  expect(hashOfSource(source(1, '/var/log/a.log'), 'web-2')).not.toBe(hash);
  expect(hash).toBeGreaterThanOrEqual(0);
});

test('auto goes by key where there is one, else by source; a choice of the user wins over the key', () => {
  const key = Template.parse('{{ name }}');
  expect(placementOf({ partitioner: 'auto', key })).toBe('key');
  expect(placementOf({ partitioner: 'auto', key: undefined })).toBe('source');
  expect(placementOf({ partitioner: 'random', key })).toBe('random');
  expect(placementOf({ partitioner: 'sticky', key: undefined })).toBe('sticky');
});
