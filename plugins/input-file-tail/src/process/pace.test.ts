import { expect, test } from 'vitest';
import { HandClock } from '../fixtures/hand-clock.ts';
import { Pace } from './pace.ts';

/** What so many files that always grow come to, each looked at again after the pause that it was given. */
async function pauseOf(files: number): Promise<number> {
  const clock = new HandClock();
  const pace = new Pace(clock, 10, 50);
  let last = 0;
  const look = () => {
    last = pace.grown();
    clock.after(last, look);
  };
  for (let i = 0; i < files; i++) look();
  await clock.pass(5_000);
  return last;
}

test('few files that grow are looked at soon, many as seldom as is allowed', async () => {
  expect(await pauseOf(1)).toBe(10);
  expect(await pauseOf(8)).toBe(10);
  expect(await pauseOf(25)).toBeGreaterThan(15);
  expect(await pauseOf(25)).toBeLessThan(40);
  expect(await pauseOf(200)).toBe(50);
});
