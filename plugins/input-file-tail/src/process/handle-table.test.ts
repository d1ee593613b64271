import { expect, test } from 'vitest';
import { HandleTable, type Holder, usualMost } from './handle-table.ts';

class Held implements Holder {
  spare = true;
  parked = false;

  park(): void {
    this.parked = true;
  }
}

const holders = (count: number) => Array.from({ length: count }, () => new Held());
const parked = (held: readonly Held[]) => held.map((each) => each.parked);

test('where there would be too many, those used the longest time ago are parked', () => {
  const table = new HandleTable(3);
  const held = holders(5);
  for (const each of held.slice(0, 3)) table.hold(each);
  expect([table.size, table.full]).toEqual([3, true]);
  table.hold(held[0]!);
  table.hold(held[3]!);
  table.hold(held[4]!);
  expect(parked(held)).toEqual([false, true, true, false, false]);
  expect(table.size).toBe(3);
});

test('what cannot be spared stays, even beyond the limit', () => {
  const table = new HandleTable(2);
  const held = holders(4);
  held[0]!.spare = held[1]!.spare = false;
  for (const each of held) table.hold(each);
  expect(parked(held)).toEqual([false, false, true, false]);
  expect(table.size).toBe(3);
});

test('of several limits the least counts, as long as its input lives', () => {
  const table = new HandleTable(10);
  const ends = [table.limit(5), table.limit(3)];
  expect(table.most).toBe(3);
  ends[1]!();
  expect(table.most).toBe(5);
  ends[0]!();
  expect(table.most).toBe(10);
});

test('when the system gives no more there are fewer for a minute, however many meet that at once', () => {
  let now = 0;
  const table = new HandleTable(1_000, { now: () => now });
  const held = holders(40);
  for (const each of held) table.hold(each);
  table.exhausted();
  table.exhausted();
  expect(table.most).toBe(20);
  expect(held.filter((each) => each.parked)).toHaveLength(21);
  now = 2_000;
  table.exhausted();
  expect(table.most).toBe(9);
  now = 62_000;
  for (const each of held) table.hold(each);
  expect(table.size).toBe(40);
});

test('half of what the process may open is used', () => {
  expect(usualMost()).toBeGreaterThanOrEqual(8);
});
