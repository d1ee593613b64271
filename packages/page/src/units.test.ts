import { expect, test } from 'vitest';
import { bytes, period, plural, rate, shortRate } from '../browser/units.js';

test('numbers as the commands print them', () => {
  expect([0, 59_999, 3_600_000 + 720_000, 187_200_000].map(period)).toEqual(['0s', '59s', '1h 12m', '2d 4h']);
  expect([0, 1_023, 1_536, 5 << 20, 3 * 2 ** 50].map(bytes)).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '5.0 MiB',
    '3072.0 TiB',
  ]);
  expect([undefined, 0, 0.3, 41_210].map(rate)).toEqual(['-', '0/s', '<1/s', '41,210/s']);
  expect([undefined, 999, 2_149, 1_200_000].map(shortRate)).toEqual(['-', '999/s', '2.1k/s', '1.2M/s']);
  expect([plural(1, 'file'), plural(2_000, 'file')]).toEqual(['1 file', '2,000 files']);
});
