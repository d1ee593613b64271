import type { Address } from './address.ts';
import type { Call } from './call.ts';
import type { Producer } from './sender.ts';

export interface TopicMetadata {
  readonly name: string;
  /** Error code of the protocol; 0 = fine. */
  readonly code: number;
  /** Node id of each partition's leader by partition; -1 = it has none. */
  readonly leaders: readonly number[];
}

export interface Metadata {
  readonly nodes: ReadonlyMap<number, Address>;
  /** Node id of the broker that creates topics. */
  readonly controller: number;
  readonly topics: readonly TopicMetadata[];
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
}

export interface Answer {
  /** Error code of the protocol. */
  readonly code: number;
  /** What the broker says beside the code. */
  readonly text?: string;
}

export interface Produced extends Answer {
  /** Offset of the first record; `undefined` where the broker does not say it. */
  readonly offset: bigint | undefined;
}

/** One connection to one broker. Whatever fails on it ends it: the stream is then in an unknown state. */
export interface Link {
  readonly alive: boolean;
  /** Never makes a broker create a topic. */
  metadata(topics: readonly string[]): Promise<Metadata>;
  initProducerId(): Promise<Answer & { readonly producer: Producer }>;
  createTopic(topic: NewTopic): Promise<Answer>;
  /** @param records a record batch as it goes over the wire; not changed until this settles */
  produce(topic: string, partition: number, records: Buffer, transactionalId?: string): Promise<Produced>;
  request<T>(call: Call<T>): Promise<T>;
  /** Ends it at once: what is pending on it is rejected. */
  close(reason: Error): Promise<void>;
}

/**
 * Connects, TLS and login included.
 * @throws SendFailure
 */
export type OpenLink = (address: Address, signal: AbortSignal) => Promise<Link>;
