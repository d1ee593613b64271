import type { SendFailure } from './failure.ts';
import type { Rules } from './rules.ts';
import { anonymous, type Builder, type Producer, type RecordBatch, type Stamp } from './sender.ts';
import type { Part } from './slice.ts';

/** A record batch that has its sequence number: on its way, or about to go again. */
export interface Flight<Payload> {
  readonly parts: readonly Part[];
  /** Sequence number of its first record. */
  readonly sequence: number;
  readonly count: number;
  readonly records: Promise<RecordBatch<Payload>>;
  /** Before compression. */
  readonly bytes: number;
  /** When it was made, by `performance.now()`. */
  readonly began: number;
  /** How the last attempt failed, if it did. */
  failure: SendFailure | undefined;
  /** An attempt may have been appended: from then on only the identical records may go. */
  unknown: boolean;
}

/** Sequence numbers are 31 bits wide and begin again at 0. */
const sequenceMask = 0x7fffffff;

/** The record batches of one partition that have sequence numbers, in their order; what is on its way comes first. */
export class Flights<Payload> {
  readonly #rules: Rules;
  readonly #inFlight: number;
  #all: Flight<Payload>[] = [];
  #onWay = 0;
  #failed = false;
  #confirmed = false;
  #producer: Producer | undefined;
  #fresh = false;
  #sequence: number;

  /** @param inFlight how many may be on their way at most */
  constructor(inFlight: number, rules: Rules, stamp?: Stamp) {
    this.#inFlight = inFlight;
    this.#rules = rules;
    this.#producer = stamp?.producer;
    this.#sequence = stamp?.sequence ?? 0;
  }

  get all(): readonly Flight<Payload>[] {
    return this.#all;
  }

  get empty(): boolean {
    return this.#all.length === 0;
  }

  /** What the next one will be stamped with; `undefined` while there is no producer. */
  get stamp(): Stamp | undefined {
    return this.#producer && { producer: this.#producer, sequence: this.#sequence };
  }

  /** Whether the next producer has to be one that the broker cannot know. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Whether one of them may have been appended, so that they have to go again as they are. */
  get doubtful(): boolean {
    return this.#all.some(({ unknown }) => this.#rules.identical(unknown));
  }

  /** Whether one more may go now. */
  get open(): boolean {
    if (this.#failed || !this.#producer) return false;
    const most = this.#producer === anonymous ? 1 : this.#rules.window(this.#confirmed, this.#inFlight);
    return this.#onWay < most;
  }

  /** The lowest that is not on its way, if there is one. */
  get next(): Flight<Payload> | undefined {
    return this.#all[this.#onWay];
  }

  /** The lowest, once something has failed and everything that was on its way is answered: nothing goes before. */
  get failedHead(): Flight<Payload> | undefined {
    return this.#failed && this.#onWay === 0 ? this.#all[0] : undefined;
  }

  /** A producer that the broker may know nothing of. */
  identified(producer: Producer): void {
    this.#producer = producer;
    this.#confirmed = false;
  }

  add(parts: readonly Part[], builder: Builder<Payload>): Flight<Payload> {
    const producer = this.#producer!;
    const count = parts.reduce((sum, { from, to }) => sum + to - from, 0);
    const sequence = producer === anonymous ? -1 : this.#sequence;
    this.#sequence = (this.#sequence + count) & sequenceMask;
    const { bytes } = builder;
    // Compressing takes its time, and record batches go in order.
    const ready = Promise.all([builder.finish(producer, sequence), this.#all.at(-1)?.records]);
    const records = ready.then(([payload]) => ({ producer, sequence, count, payload }));
    const began = performance.now();
    const flight = { parts, sequence, count, records, bytes, began, failure: undefined, unknown: false };
    this.#all.push(flight);
    return flight;
  }

  sent(flight: Flight<Payload>): void {
    flight.failure = undefined;
    this.#onWay++;
  }

  /** @returns whether all is well: nothing before it has failed */
  acknowledged(flight: Flight<Payload>): boolean {
    this.#onWay--;
    this.#all.splice(this.#all.indexOf(flight), 1);
    this.#confirmed = !this.#failed;
    return this.#confirmed;
  }

  failed(flight: Flight<Payload>, failure: SendFailure): void {
    flight.failure = failure;
    flight.unknown ||= failure.unknown;
    this.#onWay--;
    this.#failed = true;
    this.#confirmed = false;
  }

  /** They may go again, as they are. */
  again(): void {
    this.#failed = false;
  }

  /**
   * Takes them all out: their records get other stamps. Where one of them may have been appended, or will be when it comes to
   * the broker late, the producer goes too: under its sequence number the broker would take other records for repeated ones.
   */
  dissolve(): readonly Flight<Payload>[] {
    if (this.doubtful) return this.renew();
    this.#sequence = this.#all[0]?.sequence ?? this.#sequence;
    return this.#takeAll();
  }

  /** Takes them all out, and the producer with them. */
  renew(): readonly Flight<Payload>[] {
    this.#producer = undefined;
    this.#fresh = true;
    this.#sequence = 0;
    return this.#takeAll();
  }

  #takeAll(): readonly Flight<Payload>[] {
    const flights = this.#all;
    this.#all = [];
    this.#failed = false;
    return flights;
  }
}
