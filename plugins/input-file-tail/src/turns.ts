import type { Tail } from './tail.ts';

/** Whose turn it is to be read: tails with something to read go round, and a reader waits while there is none. */
export class Turns {
  readonly #ready = new Set<Tail>();
  #wake: (() => void) | undefined;
  #failure: { readonly cause: unknown } | undefined;

  /** Puts a tail at the back of the queue, if it has something to read and is not in it; else the one that waited for it. */
  offer(tail: Tail): void {
    for (let next: Tail | undefined = tail; next; next = next.later) {
      if (next.ready) {
        this.#ready.add(next);
        this.wake();
      }
      if (next.holdsUp) return;
    }
  }

  /** The tail at the front. What cannot be read any more falls out. */
  next(): Tail | undefined {
    for (const tail of this.#ready) {
      this.#ready.delete(tail);
      if (tail.ready) return tail;
    }
    return undefined;
  }

  /** The reader is to look again. */
  wake(): void {
    this.#wake?.();
  }

  /** The reader is to throw: the input as a whole cannot go on. */
  fail(cause: unknown): void {
    this.#failure = { cause };
    this.wake();
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.cause;
  }

  /** @throws the signal's reason */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => settle(() => reject(signal.reason));
      const settle = (how: () => void) => {
        signal.removeEventListener('abort', abort);
        this.#wake = undefined;
        how();
      };
      this.#wake = () => settle(resolve);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort);
    });
  }
}
