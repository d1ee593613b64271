import type { Delivery } from '../pipeline/delivery.ts';
import type { Entry } from './parking.ts';

/** What waits to be written, in the order in which it came. */
export class OutputQueue {
  #entries: Entry[] = [];
  /** Of the next transaction, which is not written before the one that is being committed. */
  #held: Entry[] = [];
  #lastOrder = 0;

  get length(): number {
    return this.#entries.length;
  }

  push(delivery: Delivery): void {
    const entry = { delivery, order: ++this.#lastOrder };
    if (delivery.transaction?.waits) this.#held.push(entry);
    else this.#entries.push(entry);
  }

  /** What waits to be written now, in its order. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  shift(): Entry | undefined {
    return this.#entries.shift();
  }

  /** These are to be written after all, in their place. */
  putBack(entries: readonly Entry[]): void {
    this.#entries = [...entries, ...this.#entries].toSorted((a, b) => a.order - b.order);
  }

  /** What was held back can be written. */
  release(): void {
    if (this.#held.length > 0) this.putBack(this.#held.splice(0));
  }

  /** Takes out what is not to be written any more. */
  takeCancelled(): Entry[] {
    const entries = this.clear();
    this.#entries = entries.filter(({ delivery }) => !delivery.cancelled);
    return entries.filter(({ delivery }) => delivery.cancelled);
  }

  /** Takes everything out. */
  clear(): Entry[] {
    this.release();
    return this.#entries.splice(0);
  }
}
