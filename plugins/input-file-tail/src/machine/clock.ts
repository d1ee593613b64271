import { setImmediate as nextTurn } from 'node:timers/promises';

/** Time, as this input uses it. Tests have one that they move themselves. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Milliseconds since 1970, to compare with the times of files. */
  wallTime(): number;
  /** Runs something once, after so many milliseconds; returns what calls it off. */
  after(delay: number, run: () => void): () => void;
  /** Gives other work its turn. */
  turn(): Promise<void>;
}

export const clock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delay, run) {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
  turn: () => nextTurn(),
};
