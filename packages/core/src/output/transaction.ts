import { LogcatchError } from '@logcatch/plugin-api';
import type { TrackedSource } from '../pipeline/tracked-source.ts';

/** What happens to a transaction. */
export interface TransactionEvents {
  /** It is closed, and all that entered it is answered for. */
  complete(transaction: Transaction): void;
  /** Something that entered it will come again. */
  void(): void;
}

/** Batches whose records become visible together, with the positions behind them. */
export class Transaction {
  /** Sources with batches in it. */
  readonly sources = new Set<TrackedSource>();
  /** The one before it is not committed yet: nothing of it may be written. */
  waits: boolean;
  readonly #events: TransactionEvents;
  readonly #over = Promise.withResolvers<void>();
  #since: number | undefined;
  #bytes = 0;
  #open = 0;
  #closed = false;
  #undone = false;

  constructor(waits: boolean, events: TransactionEvents) {
    this.waits = waits;
    this.#events = events;
    // Most have nobody who waits for that.
    this.#over.promise.catch(() => {});
  }

  /** When something entered it first, by `performance.now()`. */
  get since(): number | undefined {
    return this.#since;
  }

  /** Bytes of what was read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when it is committed. @throws when it is void */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Something more belongs to it. Matched by one {@link complete}. */
  enter(): void {
    this.#since ??= performance.now();
    this.#open++;
  }

  /** A batch of so many bytes more belongs to it. Matched by one {@link complete}. */
  read(source: TrackedSource, bytes: number): void {
    this.enter();
    this.sources.add(source);
    this.#bytes += bytes;
  }

  complete(): void {
    this.#open--;
    this.#look();
  }

  /** Nothing more enters. */
  close(): void {
    this.#closed = true;
    this.#look();
  }

  void(): void {
    this.#events.void();
  }

  committed(): void {
    for (const source of this.sources) source.committed(this);
    this.#over.resolve();
  }

  /** Everything that entered it will come again. */
  undo(): void {
    this.#undone = true;
    this.#over.reject(new LogcatchError('LC_OUTPUT_FAILED', 'its transaction could not be committed'));
    for (const source of this.sources) source.restart();
  }

  #look(): void {
    if (this.#closed && this.#open === 0 && !this.#undone) this.#events.complete(this);
  }
}
