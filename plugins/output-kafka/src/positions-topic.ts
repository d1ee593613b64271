import type { Logger, Positions } from '@logcatch/plugin-api';
import type { Address } from './address.ts';
import type { Call } from './call.ts';
import type { Cluster } from './cluster.ts';
import { failureOf, nameOfCode, succeeded } from './codes.ts';
import { Committed } from './committed.ts';
import { uncompressed } from './compression.ts';
import { SendFailure } from './failure.ts';
import { murmur2 } from './partition.ts';
import { cleanupPolicy, compactHint, createCompacted, createHint } from './positions-config.ts';
import { type Encoded, RecordBatchBuilder } from './record-batch.ts';
import { storedBatches } from './record-reader.ts';
import type { Session } from './session.ts';
import type { Shelf } from './shelf.ts';
import { fetchRecords, listOffset } from './transaction-calls.ts';
import type { Answer } from './wire.ts';

export interface PositionsSettings {
  readonly cluster: Pick<Cluster, 'metadata' | 'request' | 'produce'>;
  readonly session: Session;
  readonly topic: string;
  readonly agentId: string;
  /** Replicas of the topic where it has to be created; -1 = as the cluster has it. */
  readonly replicationFactor: number;
  readonly shelf: Shelf;
  readonly log: Pick<Logger, 'info' | 'debug'>;
}

/** Where our positions are, and who leads it. */
interface Place {
  readonly partition: number;
  readonly node: number;
  readonly address: Address;
}

const batchBytes = 512 << 10;
const fetchBytes = 1 << 20;

/** Positions as records of a compacted topic: they count with the transaction in which they are written. */
export class PositionsTopic {
  readonly #settings: PositionsSettings;
  #place: Place | undefined;
  #sequence = 0;

  constructor(settings: PositionsSettings) {
    this.#settings = settings;
  }

  /**
   * All positions of this agent that count. From here on positions are written as a new producer does.
   * @throws SendFailure
   */
  async read(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const began = performance.now();
    this.#sequence = 0;
    this.#place = await this.#find();
    await this.#checkPolicy();
    const committed = new Committed(`${encodeURIComponent(this.#settings.agentId)}/`);
    const end = await this.#offset('end');
    let at = await this.#offset('first');
    while (at < end) {
      signal.throwIfAborted();
      const next = await this.#take(at, committed);
      if (next === at) throw new SendFailure('LC_OUTPUT_FAILED', `nothing can be read of ${this.#name} at ${at}`);
      at = next;
    }
    const ms = Math.round(performance.now() - began);
    this.#settings.log.debug('positions read', { topic: this.#settings.topic, positions: committed.values.size, ms });
    return committed.values;
  }

  /** Lets the partition of the positions take part in the transaction. @throws SendFailure */
  async enlist(): Promise<void> {
    const { session, topic } = this.#settings;
    await session.enlist(topic, this.#placed.partition);
  }

  /** Writes positions within the transaction. @throws SendFailure: the transaction is void then */
  async write(positions: Positions): Promise<void> {
    const { session } = this.#settings;
    try {
      await this.enlist();
      for (const builder of this.#encode(positions)) await this.#send(builder);
    } catch (error) {
      const failure = SendFailure.from(error);
      session.void(failure);
      throw failure;
    }
  }

  get #name(): string {
    return `${this.#settings.topic}-${this.#placed.partition}`;
  }

  get #placed(): Place {
    if (!this.#place) throw new SendFailure('LC_OUTPUT_FAILED', 'it is not known where positions are');
    return this.#place;
  }

  *#encode(positions: Positions): Generator<RecordBatchBuilder> {
    let builder = this.#builder();
    for (const [key, value] of positions) {
      const record = [Buffer.from(key), value === null ? null : Buffer.from(value)] as const;
      if (builder.add(...record)) continue;
      yield builder;
      builder = this.#builder();
      builder.add(...record);
    }
    if (positions.size > 0) yield builder;
  }

  #builder(): RecordBatchBuilder {
    return new RecordBatchBuilder({ headers: {}, value: 'text' }, uncompressed, this.#settings.shelf, batchBytes);
  }

  async #send(builder: RecordBatchBuilder): Promise<void> {
    const { cluster, session, topic, shelf } = this.#settings;
    const { producer } = session;
    const { node, partition } = this.#placed;
    const { count } = builder;
    const { bytes, shelved }: Encoded = await builder.finish(producer, this.#sequence);
    const { code } = await cluster.produce(node, topic, partition, bytes, producer.transactionalId);
    if (!succeeded(code)) throw failureOf(code);
    this.#sequence += count;
    if (shelved) shelf.give(shelved);
  }

  async #take(from: bigint, committed: Committed): Promise<bigint> {
    const { topic } = this.#settings;
    const { partition } = this.#placed;
    const { records } = await this.#ask(fetchRecords(topic, partition, from, fetchBytes));
    let at = from;
    for (const batch of storedBatches(records)) {
      if (batch.next <= at) continue;
      committed.take(batch);
      at = batch.next;
    }
    return at;
  }

  async #offset(which: 'first' | 'end'): Promise<bigint> {
    const { offset } = await this.#ask(listOffset(this.#settings.topic, this.#placed.partition, which));
    return offset;
  }

  async #ask<T extends Answer>(call: Call<T>): Promise<T> {
    const answer = await this.#settings.cluster.request(call, this.#placed.address);
    if (answer.code !== 0) throw failureOf(answer.code);
    return answer;
  }

  async #find(): Promise<Place> {
    const { cluster, topic, agentId } = this.#settings;
    const { nodes, topics } = await cluster.metadata([topic]);
    const { code, leaders } = topics.find(({ name }) => name === topic) ?? { code: 3, leaders: [] };
    if (code === 3) throw await this.#create();
    if (code !== 0) throw failureOf(code);
    const partition = (murmur2(Buffer.from(agentId)) & 0x7fffffff) % leaders.length;
    const node = leaders[partition]!;
    const address = nodes.get(node);
    if (!address) throw new SendFailure('LC_OUTPUT_FAILED', `${topic}-${partition} has no leader`);
    return { partition, node, address };
  }

  /** @throws SendFailure when Kafka would delete positions. Whoever may not ask for that is not told. */
  async #checkPolicy(): Promise<void> {
    const { cluster, topic } = this.#settings;
    const { code, policy } = await cluster.request(cleanupPolicy(topic), 'any');
    if (code !== 0 || policy === undefined || policy === 'compact') return;
    const message = `topic ${topic}, for positions, has cleanup.policy=${policy}: Kafka deletes what is old, also positions that are needed`;
    throw new SendFailure('LC_POSITIONS_TOPIC', message, { hint: compactHint(topic) });
  }

  /** Whether it worked or not, the next question shows what is there. */
  async #create(): Promise<SendFailure> {
    const { cluster, topic, replicationFactor, log } = this.#settings;
    const { code, text } = await cluster.request(createCompacted(topic, replicationFactor), 'controller');
    if (code === 0) log.info(`created topic ${topic} for positions`);
    if (code === 0 || code === 36) return new SendFailure('LC_OUTPUT_TOPIC_MISSING', `topic ${topic} is being created`);
    const { code: kind, hint = createHint(topic) } = failureOf(code);
    const said = `Kafka answers ${nameOfCode(code)}${text ? `, ${text}` : ''}`;
    return new SendFailure(
      kind === 'LC_OUTPUT_FORBIDDEN' ? kind : 'LC_OUTPUT_TOPIC_MISSING',
      `topic ${topic}, for positions, does not exist and cannot be created: ${said}`,
      { hint },
    );
  }
}
