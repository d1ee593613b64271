import type { Attributes, Batch, Source, SourceEnd } from '@logcatch/plugin-api';
import type { Transaction } from '../output/transaction.ts';
import type { Ledger } from '../state/ledger.ts';
import type { RowReader, SourceRow } from '../state/source-row.ts';
import { Arrivals } from './arrivals.ts';
import { Delivery } from './delivery.ts';

/** Bytes read beyond the position on disk at which a source is paused: what a kill can repeat, with the batch that reached it. */
export const sourceWindow = 4 << 20;
/** Settled bytes that may wait for the next flush: the rest of the window is for what is on its way. */
const unsavedMost = sourceWindow / 4;

/** Why a source is paused. */
export type PauseReason = 'window' | 'dead-letters full' | 'stopped by a plugin' | 'output stuck';

/** Where the positions of sources move by the commits of an output alone. */
export interface Committing {
  /** Bytes read beyond the position at which a source is paused: room for a transaction, and for what is read while it is committed. */
  readonly window: number;
  /** A batch of so many bytes was read: the transaction that it belongs to. */
  read(source: TrackedSource, bytes: number): Transaction;
  /** Its row is another, though nothing was read. */
  changed(row: SourceRow): void;
  /** It has ended and nothing of it is on its way: {@link TrackedSource.forgotten} is called when that is committed too. */
  forget(source: TrackedSource): void;
}

/** What a source tells its input's node. */
export interface SourceOwner {
  readonly committing: Committing | undefined;
  pause(source: TrackedSource): void;
  resume(source: TrackedSource): void;
  /** Its row changed: it was read on, or is known to be longer. */
  changed(source: TrackedSource): void;
  /** Reading goes on at {@link TrackedSource.readPosition}, which lies before what was read. */
  rewind(source: TrackedSource): void;
  /** The position moved. `now`: it is to be stored before this returns. */
  moved(source: TrackedSource, now: boolean): void;
  /** The position has passed a batch of so many bytes that was read so many milliseconds ago. */
  passed(bytes: number, milliseconds: number): void;
  /** It has ended and all of it has settled. */
  finished(source: TrackedSource): void;
}

/**
 * A source and what of it is on its way: its position is the end of the longest run of settled deliveries from the
 * beginning, so what is stored never passes a record that was not delivered.
 */
export class TrackedSource implements Source, RowReader {
  readonly key: number;
  readonly input: string;
  readonly path: string;
  readonly row: SourceRow;
  /** Where it is now, as far as its input has told. */
  currentPath: string;
  attributes: Attributes;
  ended: SourceEnd | undefined;
  /** What its input says to the loss of what was not delivered. */
  advice: string | undefined;
  /** End of what was read. */
  readPosition: number;
  #owner: SourceOwner;
  // Made when they are needed: of ten thousand sources hardly one is paused.
  #paused: Map<PauseReason, Set<unknown>> | undefined;
  #onFree: Set<() => void> | undefined;
  #outstanding: Delivery[] = [];
  #inHand = 0;
  readonly #arrivals = new Arrivals();

  constructor(row: SourceRow, attributes: Attributes, owner: SourceOwner) {
    this.key = row.key;
    this.input = row.component;
    this.path = this.currentPath = row.path;
    this.row = row;
    this.attributes = attributes;
    this.readPosition = row.position;
    this.#owner = owner;
    this.#look();
    row.reader = this;
  }

  get position(): number {
    return this.row.position;
  }

  get unsettled(): number {
    return this.readPosition - this.position;
  }

  /** Bytes that are known to be there and have not settled, read or not. */
  get lag(): number {
    return Math.max(0, this.row.ledger.size - this.position);
  }

  /** When the oldest byte that has not settled was known to be there, milliseconds since the epoch; undefined where all have. */
  get oldestAt(): number | undefined {
    return this.lag > 0 ? this.#arrivals.oldest : undefined;
  }

  /** What a kill now would repeat, or keep from being committed. */
  get #repeatable(): number {
    if (this.#owner.committing) return this.unsettled;
    return this.readPosition - (this.row.refused ? this.position : this.row.saved);
  }

  get outstanding(): number {
    return this.#outstanding.length;
  }

  get pausedBy(): readonly PauseReason[] {
    return [...(this.#paused?.keys() ?? [])];
  }

  /** Another instance of its input looks after it from now on. */
  belongTo(owner: SourceOwner): void {
    this.#owner = owner;
  }

  /** Its input has it open no more. The row is kept for long, and with it whoever it tells: only what has ended still has to know. */
  leave(): void {
    this.row.open = false;
    if (!this.ended) this.row.reader = undefined;
  }

  /** A batch of it was read and is not tracked yet: until {@link taken} an end waits for it. */
  handed(): void {
    this.#inHand++;
  }

  /** The batch was tracked, or thrown away. */
  taken(): void {
    this.#inHand--;
    this.finish();
  }

  /** Takes the next batch into account. It must begin at {@link readPosition}. */
  track(batch: Batch): Delivery {
    const { committing } = this.#owner;
    const delivery = new Delivery(batch, this, committing?.read(this, batch.end - batch.start));
    this.#outstanding.push(delivery);
    this.row.ledger.readOn(batch.start, batch.end);
    this.#arrivals.seen(batch.end, delivery.readAt);
    this.readPosition = batch.end;
    this.#owner.changed(this);
    if (this.#repeatable >= (committing?.window ?? sourceWindow)) this.pause('window');
    return delivery;
  }

  /** It is this long. */
  grown(size: number): void {
    if (!this.row.ledger.grow(size)) return;
    this.#arrivals.seen(size, Date.now());
    this.#owner.changed(this);
  }

  /** One of its deliveries has settled: moves the position over the settled ones at the front, or tells its transaction. */
  settled(delivery: Delivery): void {
    const { batch, transaction } = delivery;
    // Now: the memory of its batch goes before the ones ahead of it have settled.
    delivery.tally = delivery.fates.tally(this.row.ledger.fresh(batch.start, batch.end));
    if (transaction) transaction.complete();
    else this.#advance();
  }

  /** Its books when a transaction, which is complete, will have been committed. */
  ledgerAfter(transaction: Transaction): Ledger {
    const ledger = this.row.ledger.copy();
    for (const { batch, tally } of this.#outstanding.slice(0, this.#settledIn(transaction))) {
      ledger.settle(batch.end, tally!);
    }
    return ledger;
  }

  committed(transaction: Transaction): void {
    this.#advance(transaction);
  }

  #advance(transaction?: Transaction): void {
    const count = this.#settledIn(transaction);
    if (count === 0) return;
    const { row } = this;
    const now = Date.now();
    for (const { batch, tally, readAt } of this.#outstanding.splice(0, count)) {
      row.ledger.settle(batch.end, tally!);
      this.#owner.passed(batch.end - batch.start, now - readAt);
    }
    this.#arrivals.settled(row.position);
    if (transaction) row.committed = row.position;
    const paused = this.#paused?.has('window');
    // What an output has committed is not lost with the disk's copy.
    this.#owner.moved(this, !transaction && (paused || this.position - row.saved >= unsavedMost));
    this.#makeRoom();
    this.finish();
  }

  /** Its position is another than what was read led to. */
  #look(): void {
    this.#arrivals.settled(this.position);
    if (this.lag > 0) this.#arrivals.seen(this.row.ledger.size, Date.now());
  }

  /** How many at the front have settled, of one transaction or of none. */
  #settledIn(transaction: Transaction | undefined): number {
    const outstanding = this.#outstanding;
    let count = 0;
    for (; count < outstanding.length; count++) {
      const delivery = outstanding[count]!;
      if (!delivery.settled || delivery.transaction !== transaction) break;
    }
    return count;
  }

  /** Calls back when what a stuck output keeps of it is to be tried again. Returns how to take that back. */
  onFree(callback: () => void): () => void {
    this.#onFree ??= new Set();
    this.#onFree.add(callback);
    return () => this.#onFree?.delete(callback);
  }

  /** Something about it has changed, so that no output may be stuck for it any more: those that are try again. */
  free(): void {
    for (const callback of [...(this.#onFree ?? [])]) callback();
  }

  /** Forgets what is on its way: reading starts again at the settled position, and what held it up is asked again. */
  cancel(): void {
    this.resume('stopped by a plugin');
    this.#forget();
    this.free();
  }

  /** As {@link cancel}, but what holds it up stays: its transaction is void, or its row was restored. */
  restart(): void {
    this.#forget();
    this.#look();
    if (this.ended) this.finish();
    else this.#owner.rewind(this);
  }

  #forget(): void {
    const cancelled = this.#outstanding;
    this.#outstanding = [];
    this.readPosition = this.position;
    this.resume('window');
    for (const delivery of cancelled) delivery.cancel();
  }

  /** As {@link cancel}, and reading starts again at another position: what it was stopped for may not come again. */
  seek(position: number): void {
    this.row.ledger.seek(position);
    this.#look();
    this.#owner.committing?.changed(this.row);
    this.cancel();
    this.#owner.moved(this, true);
  }

  /** Takes back, from the end, what nothing was written of: it is read again, when nothing pauses this any more. */
  takeBack(): void {
    // What has ended cannot be read again. Of a transaction nothing is taken back: it is void as a whole.
    if (this.ended || this.#owner.committing) return;
    let first = this.#outstanding.length;
    while (first > 0 && this.#outstanding[first - 1]!.untouched) first--;
    const taken = this.#outstanding.splice(first);
    if (taken.length === 0) return;
    this.readPosition = taken[0]!.batch.start;
    for (const delivery of taken) delivery.cancel();
    this.#owner.rewind(this);
    this.#makeRoom();
  }

  end(how: SourceEnd, advice?: string): void {
    this.ended = how;
    this.advice = advice;
    this.row.ended = true;
    this.finish();
  }

  /** @param by who has this reason: as often as it is paused it has to be resumed, once by each */
  pause(reason: PauseReason, by: unknown = this): void {
    this.#paused ??= new Map();
    if (this.#paused.size === 0) this.#owner.pause(this);
    this.#paused.set(reason, (this.#paused.get(reason) ?? new Set()).add(by));
  }

  resume(reason: PauseReason, by: unknown = this): void {
    const paused = this.#paused;
    const holders = paused?.get(reason);
    if (!paused || !holders?.delete(by) || holders.size > 0) return;
    paused.delete(reason);
    if (paused.size === 0) this.#owner.resume(this);
  }

  stored(): void {
    this.#makeRoom();
  }

  restored(): void {
    this.restart();
  }

  #makeRoom(): void {
    if (this.#repeatable <= (this.#owner.committing?.window ?? sourceWindow) / 2) this.resume('window');
  }

  /** It is over when it has ended and nothing of it is on its way. */
  finish(): void {
    if (!this.ended || this.#outstanding.length > 0 || this.#inHand > 0) return;
    this.free();
    const { committing } = this.#owner;
    if (committing) committing.forget(this);
    else this.forgotten();
  }

  forgotten(): void {
    this.#owner.finished(this);
  }
}
