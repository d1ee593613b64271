import type { Delivery } from '../pipeline/delivery.ts';
import type { TrackedSource } from '../pipeline/tracked-source.ts';

/** A delivery in the order in which it came. */
export interface Entry {
  readonly delivery: Delivery;
  readonly order: number;
}

export interface ParkingParts {
  /** These can be written again, in this order; none of a source that went back. */
  again(entries: readonly Entry[]): void;
  /** It was taken back: it will come again. */
  gone(delivery: Delivery): void;
}

/** What is here of one source. */
interface Parked {
  /** Each with how to forget that it is waited for. */
  readonly entries: Map<Entry, () => void>;
  /** The source's freedom is nobody's business here any more. */
  forget(): void;
}

/**
 * What a stuck output gave back, by source, until it can be tried again, or the source has changed: its source is paused, and
 * what nothing was written of anywhere is taken back, so that its memory is free for others.
 */
export class Parking {
  readonly #parts: ParkingParts;
  readonly #parked = new Map<TrackedSource, Parked>();

  constructor(parts: ParkingParts) {
    this.#parts = parts;
  }

  /** Whether what comes of this source has to wait behind what is here. */
  has(source: TrackedSource): boolean {
    return this.#parked.has(source);
  }

  /** @param over when it can be tried again; of the first one of its source it counts */
  park(entry: Entry, over?: Promise<void>): void {
    const { delivery } = entry;
    const { source } = delivery;
    let parked = this.#parked.get(source);
    if (!parked) {
      const entries: Parked['entries'] = new Map();
      const free = () => {
        if (this.#parked.get(source)?.entries === entries) this.#parts.again(this.#take(source));
      };
      parked = { entries, forget: source.onFree(free) };
      this.#parked.set(source, parked);
      source.pause('output stuck', this);
      void over?.then(free);
    }
    const { entries } = parked;
    delivery.park();
    const cancelled = () => {
      entries.delete(entry);
      this.#parts.gone(delivery);
    };
    entries.set(entry, delivery.onCancel(cancelled));
    // Not before others that are on their way to it have come too.
    queueMicrotask(() => source.takeBack());
  }

  /** Everything that is here, which nobody waits for any more. */
  clear(): Entry[] {
    return [...this.#parked.keys()].flatMap((source) => this.#take(source));
  }

  #take(source: TrackedSource): Entry[] {
    const parked = this.#parked.get(source);
    if (!parked) return [];
    const { entries } = parked;
    this.#parked.delete(source);
    parked.forget();
    for (const [{ delivery }, forget] of entries) {
      forget();
      delivery.unpark();
    }
    source.resume('output stuck', this);
    return [...entries.keys()];
  }
}
