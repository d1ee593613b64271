import { emptyAccount } from '@logcatch/core';
import { expect, test } from 'vitest';
import { accountLines } from './account.ts';

test('an addition: every part that is there, right-aligned, and the sum below', () => {
  const account = {
    discovered: 1_111,
    delivered: 1_000,
    dropped: { blank: 100, 'verdict drop': 1 },
    deadLettered: 2,
    skipped: 3,
    pending: 0,
    abandoned: { truncated: 5 },
    repeated: 20_000,
  };
  expect(accountLines(account)).toEqual([
    '   1000  delivered',
    '    100  dropped: blank',
    '      1  dropped: verdict drop',
    '      2  went to the dead letters',
    '      3  skipped by a seek',
    '      5  abandoned: truncated before they were delivered',
    '      0  pending',
    '  -----',
    '   1111  discovered',
    '  20000  read again, not part of the sum',
  ]);
  expect(accountLines(emptyAccount)).toEqual(['  0  delivered', '  0  pending', '  -', '  0  discovered']);
});
