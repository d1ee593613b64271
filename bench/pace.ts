import { setTimeout } from 'node:timers/promises';

/** Calls `write` so many times a second, evenly, with 0, 1, 2 and so on, until it was called `count` times. */
export async function pace(perSecond: number, count: number, write: (index: number) => void): Promise<void> {
  const started = performance.now();
  for (let index = 0; index < count; await setTimeout(1)) {
    const due = Math.min(count, ((performance.now() - started) * perSecond) / 1000);
    while (index < due) write(index++);
  }
}

/** Waits until it is so, as long as something moves. @returns false when `moves` gave the same for `patience` ms */
export async function settled(done: () => boolean, moves: () => number, patience = 30_000): Promise<boolean> {
  let last = moves();
  for (let since = performance.now(); !done(); await setTimeout(10)) {
    if (moves() !== last) [last, since] = [moves(), performance.now()];
    else if (performance.now() - since > patience) return false;
  }
  return true;
}
