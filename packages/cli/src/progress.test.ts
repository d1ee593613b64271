import { expect, test } from 'vitest';
import { type Backlog, ProgressMeter } from './progress-meter.ts';
import { progressBar, progressText } from './progress-text.ts';

const mib = 1 << 20;

test('a backlog: what is done of what is known, at the rate of the last seconds, and the time left', () => {
  const meter = new ProgressMeter();
  expect(meter.look(0, 0, 1_000 * mib)).toBeUndefined();
  expect(meter.look(500, 0, 1_000 * mib)).toBeUndefined();
  expect(meter.look(1_000, 10 * mib, 990 * mib)).toEqual({
    done: 10 * mib,
    known: 1_000 * mib,
    rate: 10 * mib,
    left: 99,
  });
  for (let second = 2; second <= 20; second++) meter.look(second * 1_000, 10 * mib, 990 * mib);
  expect(meter.look(21_000, 30 * mib, 970 * mib)).toMatchObject({ rate: 2 * mib, left: 485 });
});

test('no backlog to speak of: a file that is followed, the rest of a line, what is done in a moment', () => {
  const meter = new ProgressMeter();
  for (let second = 0; second < 30; second++) expect(meter.look(second * 1_000, second * mib, 2 * mib)).toBeUndefined();
  for (let second = 30; second < 60; second++) expect(meter.look(second * 1_000, 30 * mib, 4)).toBeUndefined();
});

test('what was shown is shown until it is done', () => {
  const meter = new ProgressMeter();
  meter.look(0, 0, 100 * mib);
  expect(meter.look(1_000, 20 * mib, 80 * mib)).toBeDefined();
  expect(meter.look(4_500, 95 * mib, 5 * mib)).toBeDefined();
  expect(meter.look(5_000, 100 * mib, 0)).toBeUndefined();
});

test('as text, and behind a bar where there is room', () => {
  const backlog: Backlog = { done: 300 * mib, known: 1_200 * mib, rate: 85 * mib, left: 10.6 };
  expect(progressText(backlog)).toBe('300.0 MiB of 1.2 GiB (25 %), 85.0 MiB/s, 11s left');
  expect(progressText({ ...backlog, rate: 0, left: Infinity })).toMatch(/0 B\/s, nothing moves$/);
  expect(progressBar(backlog, 80)).toBe(`[${'#'.repeat(7)}${'.'.repeat(21)}] ${progressText(backlog)}`);
  expect(progressBar(backlog, 200).indexOf(']')).toBe(41);
  expect(progressBar(backlog, 55)).toBe(progressText(backlog));
  expect(progressBar(backlog, 20)).toHaveLength(20);
});
