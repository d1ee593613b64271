import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';

test('the oldest is what came first and has not settled', () => {
  const arrivals = new Arrivals();
  expect(arrivals.oldest).toBeUndefined();
  arrivals.seen(100, 1_000);
  arrivals.seen(50, 3_000);
  arrivals.seen(200, 5_000);
  expect(arrivals.oldest).toBe(1_000);
  arrivals.settled(99);
  expect(arrivals.oldest).toBe(1_000);
  arrivals.settled(100);
  expect(arrivals.oldest).toBe(5_000);
  arrivals.settled(200);
  expect(arrivals.oldest).toBeUndefined();
});

test('what comes within a second counts as come together', () => {
  const arrivals = new Arrivals();
  arrivals.seen(1, 1_000);
  arrivals.seen(2, 1_999);
  arrivals.seen(3, 2_000);
  arrivals.settled(1);
  expect(arrivals.oldest).toBe(1_000);
  arrivals.settled(2);
  expect(arrivals.oldest).toBe(2_000);
});

test('a day of arrivals costs little, and is never taken for younger than it is', () => {
  const arrivals = new Arrivals();
  const day = 24 * 3_600;
  for (let second = 0; second < day; second++) arrivals.seen(second + 1, second * 1_000);
  for (let second = 0; second < day; second += 997) {
    const age = day * 1_000 - arrivals.oldest!;
    const least = (day - second) * 1_000;
    expect(age).toBeGreaterThanOrEqual(least);
    expect(age).toBeLessThanOrEqual(day * 1_000);
    arrivals.settled(second + 1);
  }
  arrivals.settled(day);
  expect(arrivals.oldest).toBeUndefined();
});
