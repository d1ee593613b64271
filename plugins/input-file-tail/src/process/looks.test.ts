import { expect, test } from 'vitest';
import { HandClock } from '../fixtures/hand-clock.ts';
import { InputLooks, Looks } from './looks.ts';

function setUp(pause: number) {
  const clock = new HandClock();
  const shared = new Looks(clock, 50);
  const seen: string[] = [];
  const looks = new InputLooks<string>(shared, (item, now) => {
    seen.push(`${item} ${now}`);
    return pause;
  });
  return { clock, shared, seen, looks };
}

test('looks again and again, at the ticks', async () => {
  const { clock, seen, looks } = setUp(120);
  looks.within(10, 'a');
  await clock.pass(400);
  expect(seen).toEqual(['a 50', 'a 150', 'a 250', 'a 350']);
});

test('sooner wins over later', async () => {
  const { clock, seen, looks } = setUp(Number.POSITIVE_INFINITY);
  looks.within(500, 'a');
  looks.within(20, 'a');
  looks.within(300, 'a');
  await clock.pass(1_000);
  expect(seen).toEqual(['a 50']);
});

test('of very many, those that wait longest are next, and none is forgotten', async () => {
  const { clock, seen, looks } = setUp(1);
  for (let i = 0; i < 2_500; i++) looks.within(0, String(i));
  await clock.pass(150);
  expect(seen.length).toBeGreaterThan(2_500);
  expect(new Set(seen.slice(0, 2_500).map((text) => text.split(' ')[0])).size).toBe(2_500);
});

test('an input that has closed is not asked, others are', async () => {
  const { clock, shared, seen, looks } = setUp(50);
  const other = new InputLooks<string>(shared, (item) => {
    seen.push(item);
    return 50;
  });
  looks.within(0, 'a');
  other.within(0, 'b');
  looks.delete('a');
  looks.within(0, 'c');
  looks.close();
  await clock.pass(100);
  expect(seen).toEqual(['b', 'b']);
  other.close();
});
