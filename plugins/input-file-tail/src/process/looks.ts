import type { Clock } from '../machine/clock.ts';

/** Looks in one tick: 2 ms at most. The others are next. */
const looksPerTick = 1_000;

interface Entry {
  /** The number of the tick in which it is due. */
  tick: number;
  look(now: number): void;
}

/**
 * When to look at what, for all files of all inputs of the process, by one timer. What is due in the same tick waits in one
 * bucket, so files that are not due cost nothing.
 */
export class Looks {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly tick: number;
  /** By the number of their tick. */
  readonly #buckets = new Map<number, Set<Entry>>();
  #cancel: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, tick: number) {
    this.clock = clock;
    this.tick = tick;
  }

  add(entry: Entry): void {
    const bucket = this.#buckets.get(entry.tick);
    if (bucket) bucket.add(entry);
    else this.#buckets.set(entry.tick, new Set([entry]));
    this.#wakeAt(entry.tick);
  }

  delete(entry: Entry): void {
    const bucket = this.#buckets.get(entry.tick);
    if (bucket?.delete(entry) && bucket.size === 0) this.#buckets.delete(entry.tick);
    if (this.#buckets.size === 0) this.#sleep();
  }

  #wakeAt(tick: number): void {
    if (tick >= this.#wakesAt) return;
    this.#cancel?.();
    this.#wakesAt = tick;
    this.#cancel = this.clock.after(Math.max(0, tick * this.tick - this.clock.now()), () => this.#run());
  }

  #sleep(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }

  #run(): void {
    this.#sleep();
    const now = this.clock.now();
    const current = Math.floor(now / this.tick);
    const due = [...this.#buckets.keys()].filter((tick) => tick <= current).sort((a, b) => a - b);
    let left = looksPerTick;
    for (const tick of due) {
      for (const entry of this.#buckets.get(tick) ?? []) {
        if (left-- === 0) {
          this.#wakeAt(current + 1);
          return;
        }
        this.delete(entry);
        entry.look(now);
      }
    }
    if (this.#buckets.size > 0) this.#wakeAt(Math.min(...this.#buckets.keys()));
  }
}

/** The looks of one input. */
export class InputLooks<T> {
  readonly #shared: Looks;
  readonly #look: (item: T, now: number) => number;
  readonly #entries = new Map<T, Entry>();

  /** @param look returns the milliseconds until it is to look at the item again */
  constructor(shared: Looks, look: (item: T, now: number) => number) {
    this.#shared = shared;
    this.#look = look;
  }

  /** Looks at an item in so many milliseconds, or sooner where that was said before; then again and again. */
  within(delay: number, item: T): void {
    const { clock, tick: length } = this.#shared;
    // Timers are a little late: rounded up, each look would be a tick later than it was asked for.
    const now = clock.now();
    const tick = Math.max(Math.floor(now / length) + 1, Math.round((now + delay) / length));
    const before = this.#entries.get(item);
    if (before && before.tick <= tick) return;
    if (before) this.#shared.delete(before);
    const entry = {
      tick,
      look: (now: number) => {
        this.#entries.delete(item);
        const pause = this.#look(item, now);
        if (pause < Number.POSITIVE_INFINITY) this.within(Math.max(pause, 1), item);
      },
    };
    this.#entries.set(item, entry);
    this.#shared.add(entry);
  }

  delete(item: T): void {
    const entry = this.#entries.get(item);
    this.#entries.delete(item);
    if (entry) this.#shared.delete(entry);
  }

  close(): void {
    for (const item of this.#entries.keys()) this.delete(item);
  }
}
