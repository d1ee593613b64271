import {
  abortable,
  type Batch,
  type Figures,
  type LogcatchError,
  type Output,
  type OutputContext,
  type Receipt,
  type Source,
} from '@logcatch/plugin-api';
import { parseAddress } from './address.ts';
import { Cluster } from './cluster.ts';
import { type Codec, codecOf } from './compression.ts';
import { Coordinator } from './coordinator.ts';
import { Delivery } from './delivery.ts';
import { SendFailure } from './failure.ts';
import { figuresOf } from './figures.ts';
import { KafkaSender } from './kafka-sender.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { openLink } from './link.ts';
import { portHint } from './link-failure.ts';
import { linkSettings } from './link-settings.ts';
import type { Options } from './options.ts';
import { hashOfSource, type Placement, placementOf } from './partition.ts';
import { PositionsTopic } from './positions-topic.ts';
import { type Encoded, RecordBatchBuilder } from './record-batch.ts';
import { type Route, routeToPartitions, routeToTopics } from './routes.ts';
import { Session } from './session.ts';
import { Shelf } from './shelf.ts';
import type { Slice } from './slice.ts';
import { Topics } from './topics.ts';
import { TransactionSender } from './transaction-sender.ts';
import { KafkaTransactions } from './transactions.ts';
import { Troubles } from './troubles.ts';

/** Memory for record batches that is kept between them. */
const shelfBytes = 4 << 20;

type KafkaLane = Lane<Encoded>;

/** Takes back what a write has handed out and nobody has begun with. */
type Withdraw = (reason: unknown) => void;

/** Records in, lanes out: finds topic and partition of each record, and tells the engine what became of them. */
export class KafkaOutput implements Output {
  readonly #options: Options;
  readonly #context: OutputContext;
  readonly #placement: Placement;
  readonly #cluster: Cluster;
  readonly #topics: Topics;
  readonly #troubles: Troubles;
  readonly #lanes: Lanes<Encoded>;
  #codec: Codec | undefined;
  readonly transactions?: KafkaTransactions;
  readonly #session: Session | undefined;
  readonly #hashes = new WeakMap<Source, number>();

  constructor(options: Options, context: OutputContext) {
    this.#options = options;
    this.#context = context;
    this.#placement = placementOf(options);
    const { log } = context;
    const deadLetterAfter = options.stuck === 'wait' ? undefined : options.stuck.dead_letter_after;
    const shelf = new Shelf(shelfBytes);
    const link = linkSettings(options, context);
    const seeds = options.brokers.map((broker) => parseAddress(broker)!);
    this.#cluster = new Cluster(seeds, (address, signal) => openLink(address, link, signal));
    this.#troubles = new Troubles(context);
    this.#topics = new Topics({
      cluster: this.#cluster,
      create: options.create_topics,
      brokers: options.brokers.join(','),
      max: options.max_topics,
      deadLetterAfter,
      troubles: this.#troubles,
      log,
    });
    const sender = new KafkaSender(this.#cluster, this.#topics, options.acks === 'all');
    const exactly = options.delivery === 'exactly-once' ? this.#exactlyOnce(shelf) : undefined;
    this.#session = exactly?.session;
    if (exactly) this.transactions = exactly.transactions;
    this.#lanes = new Lanes({
      sender: exactly ? new TransactionSender(sender, exactly.session, exactly.positions) : sender,
      giveUp: exactly && ((failure) => exactly.session.void(failure)),
      encoding: {
        builder: (limit) => new RecordBatchBuilder(options, this.#codec!, shelf, limit),
        release: ({ shelved }) => shelved && shelf.give(shelved),
      },
      linger: options.linger,
      batchBytes: options.batch_bytes,
      inFlight: options.in_flight,
      deadLetterAfter,
      retried: () => context.retried(),
      movable: this.#placement === 'sticky' || this.#placement === 'random',
      closed: (topic) => this.#topics.close(topic),
      leader: (topic, partition) => this.#cluster.addressOf(this.#topics.lastLeader(topic, partition)),
      troubles: this.#troubles,
      log,
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#codec ??= await codecOf(this.#options.compression);
    signal.throwIfAborted();
    try {
      await abortable(this.#cluster.metadata([]), signal);
    } catch (error) {
      throw signal.aborted ? signal.reason : this.#cannotStart(SendFailure.from(error));
    }
    this.#topics.start();
    this.#lanes.start();
  }

  async write(batch: Batch, signal: AbortSignal): Promise<readonly Receipt[]> {
    signal.throwIfAborted();
    const life = this.#session?.life;
    if (life?.aborted) throw voided(life);
    const delivery = new Delivery(batch);
    const { topics, refused } = routeToTopics(batch, this.#options);
    for (const { index, reason, target } of refused) delivery.refuse(index, reason, target);
    const withdrawals = topics.map((route) => this.#hand(delivery, route));
    const end = (reason: unknown) => {
      for (const withdraw of withdrawals) withdraw(reason);
    };
    const abort = () => {
      // Some of it may be written, and must not count with the rest.
      this.#session?.void(new SendFailure('LC_OUTPUT_FAILED', 'a write was given up'));
      end(signal.reason);
    };
    const abortVoid = () => end(voided(life!));
    signal.addEventListener('abort', abort, { once: true });
    life?.addEventListener('abort', abortVoid, { once: true });
    try {
      const receipts = await delivery.done;
      this.#show(batch, receipts);
      return receipts;
    } finally {
      signal.removeEventListener('abort', abort);
      life?.removeEventListener('abort', abortVoid);
    }
  }

  figures(): Figures {
    return figuresOf(this.#lanes.all, this.#topics);
  }

  async stop(): Promise<void> {
    const reason = new Error('the output stops');
    await this.#session?.close();
    this.#topics.stop();
    this.#lanes.close(reason);
    this.#troubles.close();
    await this.#cluster.close();
  }

  /** Gives the records of one topic to its lanes, as soon as its partitions are known: in the order of the writes. */
  #hand(delivery: Delivery, { to: topic, indices }: Route<string>): Withdraw {
    const handed: [KafkaLane, Slice][] = [];
    const forget = this.#topics.whenKnown(topic, {
      // In a transaction, that some of a write is written makes no difference when it is void.
      alone: indices === null || this.#session !== undefined,
      known: (partitions) => {
        for (const { to: lane, indices: own } of this.#routeToLanes(delivery.batch, topic, indices, partitions)) {
          const slice = delivery.slice(topic, lane.partition, own);
          handed.push([lane, slice]);
          lane.push(slice);
        }
      },
      stuck: (reason) => delivery.giveBack(delivery.batch.count, reason),
      refused: (failure) => delivery.refuseAll(indices, failure.refusal(topic), topic),
    });
    return (reason) => {
      for (const [lane, slice] of handed) lane.withdraw(slice, reason);
      if (forget()) delivery.giveBack(indices?.length ?? delivery.batch.count, reason);
    };
  }

  #routeToLanes(batch: Batch, topic: string, indices: Uint32Array | null, partitions: number): Route<KafkaLane>[] {
    switch (this.#placement) {
      case 'key':
        return routeToPartitions(batch, indices, this.#options.key!, partitions).map((route) => ({
          to: this.#lanes.get(topic, route.to),
          indices: route.indices,
        }));
      case 'source':
        return [{ to: this.#lanes.get(topic, this.#hashOf(batch.source) % partitions), indices }];
      default:
        return [{ to: this.#lanes.choose(topic, partitions, this.#placement), indices }];
    }
  }

  #exactlyOnce(shelf: Shelf) {
    const { transactions: options, create_topics: create } = this.#options;
    const { agentId, id, log } = this.#context;
    const transactionalId = `logcatch/${agentId}/${id}`;
    const session: Session = new Session({
      coordinator: new Coordinator(this.#cluster, transactionalId),
      transactionalId,
      timeout: options.timeout,
      voided: () => this.#lanes.void(voided(session.life)),
    });
    const positions = new PositionsTopic({
      cluster: this.#cluster,
      session,
      topic: options.positions_topic,
      agentId,
      replicationFactor: create?.replication_factor ?? -1,
      shelf,
      log,
    });
    const renew = () => this.#lanes.renew();
    return { session, positions, transactions: new KafkaTransactions({ options, session, positions, renew }) };
  }

  #hashOf(source: Source): number {
    let hash = this.#hashes.get(source);
    if (hash === undefined) {
      hash = hashOfSource(source, this.#context.host);
      this.#hashes.set(source, hash);
    }
    return hash;
  }

  #show(batch: Batch, receipts: readonly Receipt[]): void {
    const { log } = this.#context;
    if (!log.debugging) return;
    for (const { target: topic, partition, offset, records } of receipts) {
      log.debug('written', { topic, partition, offset, records, path: batch.source.path });
    }
  }

  #cannotStart({ code, message, hint = portHint(message) }: SendFailure): LogcatchError {
    const { brokers } = this.#options;
    const text = brokers.length > 1 ? `none of ${brokers.join(', ')} answers: ${message}` : message;
    return new SendFailure(code, text, { ...(hint && { hint }) }).toError();
  }
}

/** Why a write is rejected whose transaction is void. */
function voided({ reason }: AbortSignal): LogcatchError {
  return SendFailure.from(reason).toError('the transaction is void');
}
