import type { Cluster } from './cluster.ts';
import { failureOf, succeeded } from './codes.ts';
import { SendFailure } from './failure.ts';
import type { Encoded } from './record-batch.ts';
import { anonymous, type Producer, type RecordBatch, type Sender } from './sender.ts';
import type { Topics } from './topics.ts';

/** Sends record batches to whoever leads their partition now. */
export class KafkaSender implements Sender<Encoded> {
  readonly #cluster: Pick<Cluster, 'produce' | 'reach' | 'initProducerId'>;
  readonly #topics: Pick<Topics, 'leader' | 'stale'>;
  readonly #idempotent: boolean;
  #shared: Promise<Producer> | undefined;

  constructor(
    cluster: Pick<Cluster, 'produce' | 'reach' | 'initProducerId'>,
    topics: Pick<Topics, 'leader' | 'stale'>,
    idempotent: boolean,
  ) {
    this.#cluster = cluster;
    this.#topics = topics;
    this.#idempotent = idempotent;
  }

  async identify(fresh: boolean): Promise<Producer> {
    if (!this.#idempotent) return anonymous;
    if (fresh) return asked(this.#cluster.initProducerId());
    this.#shared ??= asked(this.#cluster.initProducerId());
    try {
      return await this.#shared;
    } catch (error) {
      this.#shared = undefined;
      throw error;
    }
  }

  forget(): void {
    this.#shared = undefined;
  }

  async send(topic: string, partition: number, records: RecordBatch<Encoded>): Promise<bigint | undefined> {
    const node = await asked(this.#topics.leader(topic, partition));
    try {
      const { producer, payload } = records;
      const { transactionalId } = producer;
      const { code, offset } = await this.#cluster.produce(node, topic, partition, payload.bytes, transactionalId);
      if (succeeded(code)) return offset;
      throw failureOf(code);
    } catch (error) {
      this.#topics.stale(topic);
      throw error;
    }
  }

  async ready(topic: string, partition: number): Promise<void> {
    const node = await asked(this.#topics.leader(topic, partition));
    try {
      await this.#cluster.reach(node);
    } catch (error) {
      this.#topics.stale(topic);
      throw error;
    }
  }
}

async function asked<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    throw SendFailure.from(error).ofQuestion();
  }
}
