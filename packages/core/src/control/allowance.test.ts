import { expect, test } from 'vitest';
import { Allowance } from './allowance.ts';

test('what is used is owed, comes again, and is kept up to what one second gives', () => {
  const allowance = new Allowance(10, 0);
  allowance.use(15);
  expect([0, 1_000, 9_000].map((now) => allowance.left(now))).toEqual([-5, 5, 10]);
});

test('a share of it comes more slowly', () => {
  const allowance = new Allowance(10, 0);
  allowance.use(10);
  allowance.share = 1 / 4;
  expect([1_000, 4_000, 9_000].map((now) => allowance.left(now))).toEqual([2.5, 10, 10]);
});
