import type { Batch } from '@logcatch/plugin-api';

/** What makes a send idempotent: the broker knows each partition's next sequence number for it. */
export interface Producer {
  /** 64-bit, as decimal digits. */
  readonly id: string;
  readonly epoch: number;
  /** Set when it writes in transactions: those of this id. */
  readonly transactionalId?: string;
}

/** For acks that are not idempotent. */
export const anonymous: Producer = { id: '-1', epoch: -1 };

/** What goes to one partition at once. Made once; a retry sends the same object. */
export interface RecordBatch<Payload> {
  readonly producer: Producer;
  /** Sequence number of its first record. */
  readonly sequence: number;
  readonly count: number;
  readonly payload: Payload;
}

/** Where a producer is in a partition. */
export interface Stamp {
  readonly producer: Producer;
  /** Of the next record. */
  readonly sequence: number;
}

export interface Sender<Payload> {
  /**
   * The producer for a partition that has none yet: one for all, or with `fresh` one that nobody had before.
   * @throws SendFailure
   */
  identify(fresh: boolean): Promise<Producer>;

  /** The producer for all is not for partitions that have none yet, from now on. */
  forget(): void;

  /**
   * Settles when the records are durable (with the offset of the first, where the broker says it) or the attempt failed;
   * in any case within a bound.
   * @throws SendFailure
   */
  send(topic: string, partition: number, records: RecordBatch<Payload>): Promise<bigint | undefined>;

  /**
   * Resolves when a send is worth trying, as far as one can tell without records: the partition has a leader, and it can
   * be reached.
   * @throws SendFailure
   */
  ready(topic: string, partition: number): Promise<void>;
}

/** Makes the payload of one record batch. Neither throws nor rejects. */
export interface Builder<Payload> {
  /** Bytes so far, before compression. */
  readonly bytes: number;
  /**
   * Adds records of `batch` from index `from` on, up to `to`, while the payload stays within the limit. The first record
   * of all is added whatever its size.
   * @returns the index of the first record that was not added
   */
  append(batch: Batch, from: number, to: number): number;
  /** Everything added so far, stamped. Called once. */
  finish(producer: Producer, sequence: number): Promise<Payload>;
}

export interface Encoding<Payload> {
  /** @param limit bytes that the payload may have */
  builder(limit: number): Builder<Payload>;
  /** This payload will not be sent any more. */
  release(payload: Payload): void;
}
