import { expect, test } from 'vitest';
import { Traffic, wayFor } from './traffic.ts';

test.each([
  ['watched', 1, 1, 'watched'],
  ['watched', 10, 1, 'watched'],
  ['watched', 11, 1, 'heard'],
  ['watched', 11, 11, 'heard'],
  ['heard', 1, 1, 'heard'],
  ['heard', 220, 1, 'heard'],
  ['heard', 221, 1, 'polled'],
  ['heard', 10_000, 10_000, 'heard'],
  ['heard', 2_200, 100, 'heard'],
  ['heard', 2_201, 100, 'polled'],
  ['watched', 2_201, 100, 'polled'],
] as const)('%s, %i events about %i files in a second: %s', (way, events, files, next) => {
  expect(wayFor(way, events, files)).toBe(next);
});

test('counts by the second, and knows when there was much', () => {
  const traffic = new Traffic();
  const many = (count: number, now: number) => {
    for (let i = 1; i < count; i++) traffic.after('a', now, 'heard');
    return traffic.after('a', now, 'heard');
  };
  expect(many(10, 1_000)).toBe('heard');
  expect(traffic.busyAt).toBe(Number.NEGATIVE_INFINITY);
  expect(many(200, 1_500)).toBe('heard');
  expect(traffic.busyAt).toBe(1_500);
  expect(many(200, 2_000)).toBe('heard');
  expect(many(200, 2_900)).toBe('polled');
});
