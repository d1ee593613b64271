import { setTimeout as sleep } from 'node:timers/promises';

const firstMs = 100;
const longestMs = 5000;

/** The pause before attempt `n + 1`, in ms: 100, doubled up to 5,000, of which a random half is taken off at most. */
export function backoff(n: number): number {
  return Math.min(longestMs, firstMs * 2 ** n) * (1 - Math.random() / 2);
}

/** Waits `ms`, or until the signal aborts, whichever is first. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** A wait that can be cut short. */
export class Pause {
  #end: (() => void) | undefined;

  async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#end = undefined;
  }

  end(): void {
    this.#end?.();
  }
}
