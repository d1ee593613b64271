import type { Batch } from '@logcatch/plugin-api';
import type { Transaction } from '../output/transaction.ts';
import { Fates } from '../state/fates.ts';
import type { Tally } from '../state/ledger.ts';
import type { Committing, TrackedSource } from './tracked-source.ts';

/**
 * The envelope of a batch on its way through the graph. Two counts: who must still settle it before its position counts
 * as delivered, and who may still look at its memory. What a transform makes of it are children; a parent is done when
 * they are. Settled by nobody means not delivered.
 */
export class Delivery {
  readonly batch: Batch;
  readonly source: TrackedSource;
  /** When its maker had it, milliseconds since the epoch: of a batch that was read, when that was. */
  readonly readAt = Date.now();
  /** Of the records of the batch that was read. */
  readonly fates: Fates;
  /** How they did, once it has settled. */
  tally: Tally | undefined;
  #transaction: Transaction | undefined;
  readonly #parent: Delivery | undefined;
  #unsettled = 1;
  #held = 1;
  #cancelled = false;
  /** Of the root: claims that are open anywhere, those of them that wait for a stuck output, and whether one was met. */
  #claims = 0;
  #parked = 0;
  #written = false;
  readonly #onCancel = new Set<() => void>();

  /** Made with one claim, its maker's, given up by {@link settle} when it has been handed to everyone. */
  constructor(batch: Batch, source: TrackedSource, transaction?: Transaction, parent?: Delivery) {
    this.batch = batch;
    this.source = source;
    this.#transaction = transaction;
    this.#parent = parent;
    this.fates = parent?.fates ?? new Fates(batch);
    if (parent) {
      parent.#unsettled++;
      parent.#held++;
    }
    this.#root.#claims++;
  }

  child(batch: Batch): Delivery {
    return new Delivery(batch, this.source, undefined, this);
  }

  /** The one that it belongs to, where its records and positions are committed together. */
  get transaction(): Transaction | undefined {
    return this.#root.#transaction;
  }

  /** It was read while it belonged to none. */
  enter(committing: Pick<Committing, 'read'>): void {
    const root = this.#root;
    const { batch, source } = root;
    root.#transaction ??= committing.read(source, batch.end - batch.start);
  }

  get settled(): boolean {
    return this.#unsettled === 0;
  }

  /** Its source went back to an earlier position: the batch will come again, and this one counts for nothing. */
  get cancelled(): boolean {
    return this.#root.#cancelled;
  }

  /** Nothing of it was written anywhere, and all that are to write it wait: it can as well come again. */
  get untouched(): boolean {
    const root = this.#root;
    return !root.#written && root.#claims === root.#parked;
  }

  /** An output has written it, or given it to the dead letters. */
  written(): void {
    this.#root.#written = true;
  }

  /** One of its claims waits for a stuck output. Matched by one {@link unpark}, unless it is cancelled. */
  park(): void {
    this.#root.#parked++;
  }

  unpark(): void {
    this.#root.#parked--;
  }

  /** Calls back when the delivery is cancelled. Returns how to take that back. */
  onCancel(callback: () => void): () => void {
    const callbacks = this.#root.#onCancel;
    callbacks.add(callback);
    return () => callbacks.delete(callback);
  }

  /** Somebody more must settle it. Matched by one {@link settle}. */
  expect(): void {
    this.#unsettled++;
    this.#held++;
    this.#root.#claims++;
  }

  settle(): void {
    this.#root.#claims--;
    this.#settleOne();
    this.release();
  }

  /** Somebody more looks at it who need not settle it. Matched by one {@link release}. */
  hold(): void {
    this.#held++;
  }

  release(): void {
    if (--this.#held > 0) return;
    // What transforms made of the chunk belongs to it.
    if (this.#parent) this.#parent.release();
    else this.batch.chunk.release();
  }

  cancel(): void {
    this.#cancelled = true;
    for (const callback of this.#onCancel) callback();
    // Some of it may be written already, and will come again.
    this.transaction?.void();
  }

  get #root(): Delivery {
    return this.#parent ? this.#parent.#root : this;
  }

  #settleOne(): void {
    if (--this.#unsettled > 0) return;
    if (this.#parent) this.#parent.#settleOne();
    else if (!this.#cancelled) this.source.settled(this);
  }
}
