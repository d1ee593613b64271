import { setTimeout } from 'node:timers/promises';

/** Calls `write` so many times a second, evenly, with 0, 1, 2 and so on, until it was called `count` times. */
export async function pace(perSecond: number, count: number, write: (index: number) => void): Promise<void> {
  const started = performance.now();
  for (let index = 0; index < count; await setTimeout(1)) {
    const due = Math.min(count, ((performance.now() - started) * perSecond) / 1000);
    while (index < due) write(index++);
  }
}

/**
 * Waits until `value` is so much, as long as it moves.
 * @returns what it is in the end: less, when it stood still for 30 s
 */
export async function reaches(
  target: number,
  value: () => number | Promise<number>,
  signal?: AbortSignal,
): Promise<number> {
  let last = await value();
  for (let since = performance.now(); last < target; ) {
    await setTimeout(10, undefined, { signal });
    const now = await value();
    if (now !== last) [last, since] = [now, performance.now()];
    else if (performance.now() - since > patience) break;
  }
  return last;
}

const patience = 30_000;
