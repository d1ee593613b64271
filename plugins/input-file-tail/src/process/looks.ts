import type { Clock } from '../machine/clock.ts';

/** Looks a second, 2 µs each: 4 % of a core at most. The others are next. */
const looksPerSecond = 20_000;

interface Entry {
  /** The number of the tick in which it is due; none while it is in no bucket. */
  tick: number;
  look(now: number): void;
}

const none = Number.POSITIVE_INFINITY;

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
  #wakesAt = none;

  constructor(clock: Clock, tick: number) {
    this.clock = clock;
    this.tick = tick;
  }

  /** Puts an entry into a bucket, and out of the one it is in. */
  move(entry: Entry, tick: number): void {
    this.delete(entry);
    entry.tick = tick;
    const bucket = this.#buckets.get(tick);
    if (bucket) bucket.add(entry);
    else this.#buckets.set(tick, new Set([entry]));
    this.#wakeAt(tick);
  }

  delete(entry: Entry): void {
    if (entry.tick === none) return;
    const { tick } = entry;
    const bucket = this.#buckets.get(tick);
    entry.tick = none;
    if (bucket?.delete(entry) && bucket.size === 0) this.#buckets.delete(tick);
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
    this.#wakesAt = none;
  }

  #run(): void {
    this.#sleep();
    const now = this.clock.now();
    const current = Math.floor(now / this.tick);
    const due = [...this.#buckets.keys()].filter((tick) => tick <= current).sort((a, b) => a - b);
    let left = Math.max(1, Math.round((looksPerSecond * this.tick) / 1_000));
    for (const tick of due) {
      const bucket = this.#buckets.get(tick)!;
      for (const entry of bucket) {
        if (left-- === 0) {
          // The rest is first the next time.
          this.#wakeAt(current + 1);
          return;
        }
        bucket.delete(entry);
        entry.tick = none;
        entry.look(now);
      }
      this.#buckets.delete(tick);
    }
    if (this.#buckets.size > 0) this.#wakeAt(Math.min(...this.#buckets.keys()));
  }
}

class ItemEntry<T> implements Entry {
  tick = none;
  readonly #looks: InputLooks<T>;
  readonly #item: T;

  constructor(looks: InputLooks<T>, item: T) {
    this.#looks = looks;
    this.#item = item;
  }

  look(now: number): void {
    this.#looks.look(this.#item, now);
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
    const entry = this.#entryOf(item);
    if (tick < entry.tick) this.#shared.move(entry, tick);
  }

  /** It is time to look at an item. */
  look(item: T, now: number): void {
    const pause = this.#look(item, now);
    if (pause < none && this.#entries.has(item)) this.within(pause, item);
  }

  #entryOf(item: T): Entry {
    const known = this.#entries.get(item);
    if (known) return known;
    const entry = new ItemEntry(this, item);
    this.#entries.set(item, entry);
    return entry;
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
