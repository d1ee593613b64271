import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AllLost, race } from './race.ts';

class Prize {
  readonly name: string;
  closed = false;

  constructor(name: string) {
    this.name = name;
  }

  close(): void {
    this.closed = true;
  }
}

const forever = new AbortController().signal;

test('the next starts at once after a failure, and only then where nobody is slow', async () => {
  const started: string[] = [];
  const prize = await race({
    entrants: ['refused', 'good', 'spare'],
    stagger: 60_000,
    signal: forever,
    run: async (name) => {
      started.push(name);
      if (name === 'refused') throw new Error('ECONNREFUSED');
      return new Prize(name);
    },
  });
  expect(prize.name).toBe('good');
  expect(started).toEqual(['refused', 'good']);
});

test('one that hangs is passed over and aborted; what it still gives is closed', async () => {
  const late = new Prize('late');
  let aborted = false;
  const prize = await race({
    entrants: ['hangs', 'good'],
    stagger: 5,
    signal: forever,
    run: async (name, signal) => {
      if (name === 'good') return new Prize(name);
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      await sleep(30);
      return late;
    },
  });
  expect(prize).toMatchObject({ name: 'good', closed: false });
  expect(aborted).toBe(true);
  await sleep(40);
  expect(late.closed).toBe(true);
});

test('all fail: every one is named with its error', async () => {
  const error = await race({
    entrants: ['a', 'b'],
    stagger: 1,
    signal: forever,
    run: async (name): Promise<Prize> => {
      throw new Error(`${name} is down`);
    },
  }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(AllLost);
  expect((error as AllLost<string>).losses).toEqual([
    { entrant: 'a', error: new Error('a is down') },
    { entrant: 'b', error: new Error('b is down') },
  ]);
});

test('it is too late: those that run are aborted, those that never ran lose too', async () => {
  const controller = new AbortController();
  const running = race({
    entrants: ['a', 'b'],
    stagger: 60_000,
    signal: controller.signal,
    run: (_, signal) =>
      new Promise<Prize>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  controller.abort(new Error('late'));
  const error = await running.catch((error: unknown) => error);
  expect((error as AllLost<string>).losses.map(({ entrant }) => entrant)).toEqual(['a', 'b']);
  await expect(
    race({ entrants: ['a'], stagger: 1, signal: controller.signal, run: async () => new Prize('a') }),
  ).rejects.toThrow('late');
});
