import { backlogShare } from '../process/read-slots.ts';
import type { Tail } from './tail.ts';

export interface TurnOptions {
  /** Bytes per second that backlogs may be read at; live lines are always read at once. */
  readonly backlogRate?: number | undefined;
  /** Reads files one after the other, the one that was changed the longest time ago first. */
  readonly oldestFirst: boolean;
}

/**
 * Whose turn it is to be read. What is live goes before a backlog, but of a few turns one is the backlog's; within each, tails go
 * round. A reader waits while there is none.
 */
export class Turns {
  readonly #ready = new Set<Tail>();
  readonly #backlogs = new Set<Tail>();
  readonly #options: TurnOptions;
  /** When the next backlog may be read. */
  #backlogAt = 0;
  #turn = 0;
  #wake: (() => void) | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Puts a tail at the back of its queue, if it has something to read and is in none; else the one that waited for it. */
  offer(tail: Tail): void {
    for (let next: Tail | undefined = tail; next; next = next.later) {
      if (next.ready) {
        const queue = next.lane === 'live' ? this.#ready : this.#backlogs;
        if (!this.#ready.has(next) && !this.#backlogs.has(next)) queue.add(next);
        this.wake();
      }
      if (next.holdsUp) return;
    }
  }

  /** The tail whose turn it is. What cannot be read any more falls out. */
  next(now: number): Tail | undefined {
    if (this.#options.oldestFirst) return this.#oldest(now);
    const backlogFirst = ++this.#turn % backlogShare === 0;
    return (backlogFirst && this.#backlog(now)) || take(this.#ready) || this.#backlog(now);
  }

  /** Milliseconds until a backlog may be read that waits for nothing else; `undefined` = there is none. */
  wait(now: number): number | undefined {
    return this.#backlogs.size > 0 && this.#backlogAt > now ? this.#backlogAt - now : undefined;
  }

  /** So many bytes of a backlog were read. */
  spent(bytes: number, now: number): void {
    const { backlogRate } = this.#options;
    if (backlogRate) this.#backlogAt = Math.max(this.#backlogAt, now) + (bytes / backlogRate) * 1_000;
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

  #backlog(now: number): Tail | undefined {
    return now < this.#backlogAt ? undefined : take(this.#backlogs);
  }

  #oldest(now: number): Tail | undefined {
    const queues = now < this.#backlogAt ? [this.#ready] : [this.#ready, this.#backlogs];
    let oldest: Tail | undefined;
    for (const queue of queues) {
      for (const tail of queue) {
        if (!tail.ready) queue.delete(tail);
        else if (!oldest || tail.modified < oldest.modified) oldest = tail;
      }
    }
    if (oldest) for (const queue of queues) queue.delete(oldest);
    return oldest;
  }
}

function take(queue: Set<Tail>): Tail | undefined {
  for (const tail of queue) {
    queue.delete(tail);
    if (tail.ready) return tail;
  }
  return undefined;
}
