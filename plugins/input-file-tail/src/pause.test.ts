import { expect, test } from 'vitest';
import { type Pauses, pauseOf, type Sight } from './pause.ts';

const pauses: Pauses = {
  poll: 50,
  quick: 10,
  idlePoll: 2_000,
  idleAfter: 5_000,
  rescan: 10_000,
  inactive: 300_000,
};
const never = Number.POSITIVE_INFINITY;
const usual: Sight = {
  idle: 0,
  way: 'watched',
  told: false,
  watch: true,
  lost: false,
  parked: false,
  settled: true,
  due: never,
};
const unwatched = { way: 'polled', watch: false } as const;

test.each<[string, Partial<Sight>, number]>([
  ['just grown, found by a look', { idle: 20 }, 10],
  ['just grown, chokidar told', { idle: 20, told: true }, 10],
  ['just grown, the system told', { idle: 20, way: 'heard', told: true }, 299_980],
  ['just grown where the system tells, and it did not', { idle: 20, way: 'heard' }, 10],
  ['just grown where nothing is told any more', { idle: 20, way: 'polled', told: true }, 10],
  ['grown a second ago', { idle: 1_000 }, 50],
  ['grown a second ago, and the system tells', { idle: 1_000, way: 'heard', told: true }, 299_000],
  ['grown a second ago where the system tells, and it did not', { idle: 1_000, way: 'heard' }, 50],
  ['idle, writes are told', { idle: 10_000 }, 290_000],
  ['idle for long, and not closed', { idle: 400_000 }, 2_000],
  ['idle, writes are told, not all of it is delivered', { idle: 10_000, settled: false }, 1_000],
  ['the system tells, not all of it is delivered', { idle: 10_000, way: 'heard', told: true, settled: false }, 290_000],
  ['idle, nothing is told', { idle: 10_000, way: 'polled' }, 1_000],
  ['idle for long, nothing is told', { idle: 400_000, way: 'polled' }, 2_000],
  ['closed, writes are told', { idle: 400_000, parked: true }, never],
  ['closed, nothing is told', { idle: 400_000, parked: true, way: 'polled' }, 2_000],
  ['closed, nothing is wanted to be told', { idle: 400_000, parked: true, ...unwatched }, 400_000 / 60],
  ['closed for very long, nothing is wanted to be told', { idle: 700_000, parked: true, ...unwatched }, never],
  ['the system tells, and something is held', { idle: 20, way: 'heard', told: true, due: 980 }, 980],
  ['without a path, just grown', { idle: 20, lost: true, way: 'heard', told: true }, 10],
  ['without a path', { idle: 10_000, lost: true, way: 'heard', told: true }, 50],
])('%s', (_, sight, pause) => {
  expect(pauseOf({ ...usual, ...sight }, pauses)).toBe(pause);
});
