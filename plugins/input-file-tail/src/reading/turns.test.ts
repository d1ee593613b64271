import { expect, test } from 'vitest';
import type { Lane } from '../process/read-slots.ts';
import type { Tail } from './tail.ts';
import { Turns } from './turns.ts';

/** A tail as turns see it. */
function tail(name: string, lane: Lane, modified = 0) {
  return { name, lane, modified, ready: true, holdsUp: false, later: undefined } as unknown as Tail & {
    name: string;
    ready: boolean;
  };
}

/** Takes turns as a reader does that puts back what it has read. */
function take(turns: Turns, count: number, now = 0): string[] {
  return Array.from({ length: count }, () => {
    const next = turns.next(now) as (Tail & { name: string }) | undefined;
    if (next) turns.offer(next);
    return next?.name ?? 'nothing';
  });
}

test('what is live goes round before backlogs, which get every fourth turn', () => {
  const turns = new Turns({ oldestFirst: false });
  for (const name of ['x', 'y']) turns.offer(tail(name, 'backlog'));
  for (const name of ['a', 'b']) turns.offer(tail(name, 'live'));
  expect(take(turns, 8)).toEqual(['a', 'b', 'a', 'x', 'b', 'a', 'b', 'y']);
});

test('a backlog is read all the time where nothing is live', () => {
  const turns = new Turns({ oldestFirst: false });
  for (const name of ['x', 'y']) turns.offer(tail(name, 'backlog'));
  expect(take(turns, 3)).toEqual(['x', 'y', 'x']);
});

test('backlogs wait for their rate, live lines do not', () => {
  const turns = new Turns({ oldestFirst: false, backlogRate: 1_000 });
  turns.offer(tail('x', 'backlog'));
  expect(take(turns, 1)).toEqual(['x']);
  turns.spent(500, 0);
  expect(turns.wait(0)).toBe(500);
  expect(take(turns, 1)).toEqual(['nothing']);
  turns.offer(tail('a', 'live'));
  expect(take(turns, 4)).toEqual(['a', 'a', 'a', 'a']);
  expect(take(turns, 4, 500)).toContain('x');
});

test('of archives one is read to its end before the next, and the others have their turns', () => {
  const turns = new Turns({ oldestFirst: false });
  const [first, second] = ['a', 'b'].map((name) => Object.assign(tail(name, 'backlog'), { whole: true, position: 0 }));
  for (const each of [first!, second!, tail('x', 'backlog'), tail('y', 'backlog')]) turns.offer(each);
  expect(turns.next(0)).toBe(first);
  Object.assign(first!, { position: 1 });
  turns.offer(first!);
  expect(take(turns, 4)).toEqual(['x', 'a', 'y', 'a']);
  first!.ready = false;
  expect(take(turns, 2)).toEqual(['x', 'b']);
  // It was paused, and goes on.
  first!.ready = true;
  turns.offer(first!);
  expect(take(turns, 4)).toEqual(['y', 'a', 'x', 'a']);
});

test('with oldest_first the oldest is read before all others', () => {
  const turns = new Turns({ oldestFirst: true });
  const oldest = tail('old', 'backlog', 1);
  for (const each of [tail('new', 'live', 3), oldest, tail('middle', 'backlog', 2)]) turns.offer(each);
  expect(take(turns, 3)).toEqual(['old', 'old', 'old']);
  oldest.ready = false;
  expect(take(turns, 2)).toEqual(['middle', 'middle']);
});
