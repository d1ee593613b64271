import { readFileSync } from 'node:fs';
import { type Clock, clock as realClock } from '../machine/clock.ts';

/** What holds a handle and can do without it for a while. */
export interface Holder {
  /** Whether the file can be opened again when it is wanted, and nobody uses the handle right now. */
  readonly spare: boolean;
  /** Closes the handle. */
  park(): void;
}

/** Descriptors that are left to everything else where nothing says how many there are. */
const usualLimit = 1_024;
const fewest = 8;
/** Milliseconds after which a shortage is taken to be over. */
const shortageLasts = 60_000;
/** Milliseconds in which those who meet a shortage meet the same one. */
const sameShortage = 1_000;

/**
 * The handles of all inputs of the process, in the order of their use. Where there would be too many, those that were not used
 * for the longest time are parked: closed, and opened again when their files have grown.
 */
export class HandleTable {
  readonly #held = new Set<Holder>();
  readonly #wanted = new Map<object, number>();
  readonly #most: number;
  readonly #clock: Pick<Clock, 'now'>;
  #shortage: { readonly since: number; readonly most: number } | undefined;

  constructor(most: number, clock: Pick<Clock, 'now'> = realClock) {
    this.#most = most;
    this.#clock = clock;
  }

  get size(): number {
    return this.#held.size;
  }

  get full(): boolean {
    return this.#held.size >= this.most;
  }

  /** How many there may be: what the process can have, or the least that an input asks for. */
  get most(): number {
    return Math.min(this.#shortage?.most ?? this.#most, ...this.#wanted.values());
  }

  /** An input wants there to be no more than this. Returns what ends it. */
  limit(most: number): () => void {
    const key = {};
    this.#wanted.set(key, most);
    return () => void this.#wanted.delete(key);
  }

  /** Makes room for a handle that is about to be opened, or was just used. */
  hold(holder: Holder): void {
    if (this.#shortage && this.#clock.now() - this.#shortage.since >= shortageLasts) this.#shortage = undefined;
    if (!this.#held.delete(holder)) this.#makeRoom(this.most - 1);
    this.#held.add(holder);
  }

  drop(holder: Holder): void {
    this.#held.delete(holder);
  }

  /** The system gives no more: for a minute there are fewer. */
  exhausted(): void {
    const since = this.#clock.now();
    if (this.#shortage && since - this.#shortage.since < sameShortage) return;
    this.#shortage = { since, most: Math.max(fewest, Math.floor(Math.min(this.#held.size, this.most) / 2)) };
    this.#makeRoom(this.most - 1);
  }

  /** What cannot be spared stays: a file without a path is lost with its handle. */
  #makeRoom(most: number): void {
    if (this.#held.size <= most) return;
    for (const holder of this.#held) {
      if (!holder.spare) continue;
      this.#held.delete(holder);
      holder.park();
      if (this.#held.size <= most) return;
    }
  }
}

/** Half of the descriptors that this process may have. */
export function usualMost(): number {
  return Math.max(fewest, Math.floor(descriptorLimit() / 2));
}

/** Files that this process may open. */
export function descriptorLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? usualLimit : Number(limit);
  } catch {
    // Not Linux.
    return usualLimit;
  }
}
