import type { Delivery } from '../pipeline/delivery.ts';
import type { Admission } from './admission.ts';

/** What an output has taken and not finished: it has room in the queue until it is answered for, and is held until then. */
export class OpenDeliveries {
  readonly #required: boolean;
  readonly #room: Admission;
  /** In the order in which they came. */
  readonly #all = new Set<Delivery>();
  /** Those that a write looks at, until all that follows it is done. */
  readonly #inWrite = new Set<Delivery>();
  #abandoned = false;

  /** @param required whether positions wait for the output */
  constructor(required: boolean, room: Admission) {
    this.#required = required;
    this.#room = room;
  }

  /** Nothing is answered for any more: whoever takes the output's place does. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  add(delivery: Delivery): void {
    this.#all.add(delivery);
    this.#room.enter(delivery.batch);
  }

  /** Marks it as looked at by a write until that has ended. */
  during(delivery: Delivery, write: Promise<void>): Promise<void> {
    this.#inWrite.add(delivery);
    return write.finally(() => this.#inWrite.delete(delivery));
  }

  /** Written or answered for. */
  done(delivery: Delivery): void {
    if (this.#required && !this.#abandoned) {
      delivery.written();
      delivery.settle();
    } else delivery.release();
    this.#room.leave(delivery.batch);
    this.#all.delete(delivery);
  }

  /**
   * Not delivered: its position stays. What will not be read again is kept for whoever takes the output's place.
   * @returns whether it is kept
   */
  giveUp(delivery: Delivery): boolean {
    this.#room.leave(delivery.batch);
    if (this.#required && !delivery.cancelled && !this.#abandoned) {
      delivery.onCancel(() => {
        if (this.#all.delete(delivery)) delivery.release();
      });
      return true;
    }
    delivery.release();
    this.#all.delete(delivery);
    return false;
  }

  /** Gives them away. @returns those that somebody else has to answer for */
  abandon(): Delivery[] {
    this.#abandoned = true;
    const all = [...this.#all];
    this.#all.clear();
    // A write that is left behind still looks at its batch; when it ends, that is all it has to say.
    for (const delivery of all) if (this.#inWrite.has(delivery)) delivery.hold();
    if (this.#required) return all;
    for (const delivery of all) delivery.release();
    return [];
  }
}
