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
  /**
   * Backlogs that are archives, first those that were begun. With all of them open there would be hundreds of decompressors,
   * and one that is closed for another begins anew.
   */
  #archives = new Set<Tail>();
  readonly #options: TurnOptions;
  /** When the next backlog may be read. */
  #backlogAt = 0;
  #turn = 0;
  /** An archive was read last of the backlogs, or could have been. */
  #archive = false;
  #wake: (() => void) | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Puts a tail at the back of its queue, if it has something to read and is in none; else the one that waited for it. */
  offer(tail: Tail): void {
    for (let next: Tail | undefined = tail; next; next = next.later) {
      if (next.ready) {
        if (!this.#queues.some((queue) => queue.has(next))) this.#add(next);
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
    return this.#backlogs.size + this.#archives.size > 0 && this.#backlogAt > now ? this.#backlogAt - now : undefined;
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

  get #queues(): readonly Set<Tail>[] {
    return [this.#ready, this.#backlogs, this.#archives];
  }

  #add(tail: Tail): void {
    if (tail.lane === 'live') this.#ready.add(tail);
    else if (!tail.whole) this.#backlogs.add(tail);
    else if (tail.position === 0) this.#archives.add(tail);
    else this.#archives = new Set([tail, ...this.#archives]);
  }

  /** All archives together have as many turns as all others. */
  #backlog(now: number): Tail | undefined {
    if (now < this.#backlogAt) return undefined;
    this.#archive = !this.#archive;
    return (this.#archive && take(this.#archives)) || take(this.#backlogs) || take(this.#archives);
  }

  #oldest(now: number): Tail | undefined {
    const queues = now < this.#backlogAt ? [this.#ready] : this.#queues;
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
