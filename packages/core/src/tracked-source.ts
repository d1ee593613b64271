import type { Attributes, Batch, Source, SourceEnd } from '@logcatch/plugin-api';
import { Delivery } from './delivery.ts';
import type { SourceRow } from './store.ts';

/** Unsettled bytes at which a source is paused, and what a kill can repeat at most. */
export const sourceWindow = 4 << 20;

/** Why a source is paused. */
export type PauseReason = 'window' | 'dead-letters full' | 'stopped by a plugin';

/** What a source tells its input's node. */
export interface SourceOwner {
  pause(source: TrackedSource): void;
  resume(source: TrackedSource): void;
  /** The position moved. */
  moved(source: TrackedSource): void;
  /** It has ended and all of it has settled. */
  finished(source: TrackedSource): void;
}

/**
 * A source and what of it is on its way: its position is the end of the longest run of settled deliveries from the
 * beginning, so what is stored never passes a record that was not delivered.
 */
export class TrackedSource implements Source {
  readonly key: number;
  readonly input: string;
  readonly path: string;
  readonly row: SourceRow;
  attributes: Attributes;
  ended: SourceEnd | undefined;
  /** End of what was read. */
  readPosition: number;
  readonly #owner: SourceOwner;
  readonly #paused = new Set<PauseReason>();
  #outstanding: Delivery[] = [];

  constructor(row: SourceRow, attributes: Attributes, owner: SourceOwner) {
    this.key = row.key;
    this.input = row.component;
    this.path = row.path;
    this.row = row;
    this.attributes = attributes;
    this.readPosition = row.position;
    this.#owner = owner;
  }

  get position(): number {
    return this.row.position;
  }

  get unsettled(): number {
    return this.readPosition - this.row.position;
  }

  get outstanding(): number {
    return this.#outstanding.length;
  }

  get pausedBy(): readonly PauseReason[] {
    return [...this.#paused];
  }

  /** Takes the next batch into account. It must begin at {@link readPosition}. */
  track(batch: Batch): Delivery {
    const delivery = new Delivery(batch, this);
    this.#outstanding.push(delivery);
    this.readPosition = batch.end;
    if (this.unsettled >= sourceWindow) this.pause('window');
    return delivery;
  }

  /** One of its deliveries has settled: moves the position over the settled ones at the front. */
  settled(): void {
    let count = 0;
    while (count < this.#outstanding.length && this.#outstanding[count]!.settled) count++;
    if (count === 0) return;
    const last = this.#outstanding[count - 1]!;
    this.#outstanding.splice(0, count);
    this.row.position = last.batch.end;
    this.#owner.moved(this);
    if (this.unsettled <= sourceWindow / 2) this.resume('window');
    this.#finish();
  }

  /** Forgets what is on its way: reading starts again at the settled position. */
  cancel(): void {
    const cancelled = this.#outstanding;
    this.#outstanding = [];
    this.readPosition = this.row.position;
    this.resume('window');
    for (const delivery of cancelled) delivery.cancel();
  }

  end(how: SourceEnd): void {
    this.ended = how;
    this.#finish();
  }

  pause(reason: PauseReason): void {
    if (this.#paused.size === 0) this.#owner.pause(this);
    this.#paused.add(reason);
  }

  resume(reason: PauseReason): void {
    if (this.#paused.delete(reason) && this.#paused.size === 0) this.#owner.resume(this);
  }

  #finish(): void {
    if (this.ended && this.#outstanding.length === 0) this.#owner.finished(this);
  }
}
