import { expect, test } from 'vitest';
import { type Lane, ReadSlots } from './read-slots.ts';

/** A reader that reads until it is told to stop. */
class Reader {
  end: () => void = () => {};
  readonly done: Promise<void>;

  constructor(slots: ReadSlots, lane: Lane, name: string, order: string[]) {
    this.done = slots.use(lane, () => {
      order.push(name);
      return new Promise<void>((resolve) => {
        this.end = resolve;
      });
    });
  }
}

async function orderOf(lanes: readonly Lane[]): Promise<string[]> {
  const slots = new ReadSlots(1);
  const order: string[] = [];
  const readers = lanes.map((lane, i) => new Reader(slots, lane, `${lane} ${i}`, order));
  for (let i = 0; i < readers.length; i++) {
    const name = order.at(-1)!;
    const reader = readers[Number(name.split(' ')[1])]!;
    reader.end();
    await reader.done;
    await Promise.resolve();
  }
  return order;
}

test('so many at a time, and a failed read gives its slot back', async () => {
  const slots = new ReadSlots(2);
  const order: string[] = [];
  const readers = ['a', 'b', 'c'].map((name) => new Reader(slots, 'live', name, order));
  expect(order).toEqual(['a', 'b']);
  readers[0]!.end();
  await readers[0]!.done;
  expect(order).toEqual(['a', 'b', 'c']);
  const one = new ReadSlots(1);
  await expect(one.use('live', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await one.use('live', async () => 'works')).toBe('works');
});

test('live reads go first, and of four turns one is the backlog’s', async () => {
  const lanes: Lane[] = ['backlog', 'backlog', 'backlog', 'live', 'live', 'live', 'live', 'live'];
  const order = await orderOf(lanes);
  expect(order.map((name) => name.split(' ')[0])).toEqual([
    'backlog',
    'live',
    'live',
    'live',
    'backlog',
    'live',
    'live',
    'backlog',
  ]);
});
