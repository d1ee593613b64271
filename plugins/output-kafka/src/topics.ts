import { type Logger, plural, sleep } from '@logcatch/plugin-api';
import { backoff } from './backoff.ts';
import type { Cluster } from './cluster.ts';
import { SendFailure } from './failure.ts';
import { Hold, restMs } from './hold.ts';
import type { Tell } from './progress.ts';
import { Questions } from './questions.ts';
import { missing, noLeader, noPartition, notCreated, refused, tooMany } from './topic-failure.ts';
import type { TopicMetadata } from './wire.ts';

export interface TopicsSettings {
  readonly cluster: Pick<Cluster, 'metadata' | 'createTopic'>;
  /** What a missing topic is created with; without it, it is waited for. */
  readonly create: { readonly partitions: number; readonly replication_factor: number } | undefined;
  /** Brokers as a person would write them, for the commands that hints show. */
  readonly brokers: string;
  readonly troubles: Tell;
  readonly log: Pick<Logger, 'info' | 'debug'>;
  /** Topics that are asked for at most. */
  readonly max: number;
  /** How often all topics are asked for again, in ms. */
  readonly refreshEvery?: number;
  /** Records for a topic in trouble go to the dead letters after this long, in ms. Left out: never. */
  readonly deadLetterAfter?: number | undefined;
}

/** A write that waits for a topic. */
export interface Wish {
  /** Whether the topic is all that it needs: given up, nothing of it was written. */
  readonly alone: boolean;
  /** The topic has so many partitions. */
  known(partitions: number): void;
  /** The topic has been in trouble too long for records to wait in memory. */
  stuck(reason: Error): void;
  /** The topic has been in trouble too long for records to wait at all. */
  refused(failure: SendFailure): void;
}

interface Topic {
  /** By partition, the node id of its leader; empty as long as nothing is known. */
  leaders: readonly number[];
  /** Why the last answer about it was no good. */
  failure: SendFailure | undefined;
  /** Whether to ask again before its leaders are believed. */
  stale: boolean;
  /** Whether it counts among those that are asked for. */
  open: boolean;
  /** In the order of the writes that wait. */
  readonly waiting: Set<Wish>;
  /** Since when it is looked for, by `performance.now()`. */
  since: number | undefined;
  /** What the sources wait for whose wishes were given up. */
  hold: Hold | undefined;
  /** When a write last waited for it, or could come again, by `performance.now()`. */
  usedAt: number;
  discovering: boolean;
  /** It was created just now: its brokers need a moment to know of it, and that is no trouble. */
  fresh: boolean;
}

/** Topics in trouble are looked at together, so long after the first of them, in ms. */
const togetherMs = 50;

/** What is known of each topic: how many partitions, and who leads them. Partition counts change only here. */
export class Topics {
  readonly #settings: TopicsSettings;
  readonly #topics = new Map<string, Topic>();
  readonly #stopped = new AbortController();
  readonly #questions = new Questions((names) => this.#ask(names));
  #timer: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #goodAt: number | undefined;

  constructor(settings: TopicsSettings) {
    this.#settings = settings;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#refreshAll(), this.#settings.refreshEvery ?? 60_000);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#looking);
    this.#stopped.abort();
  }

  /**
   * Calls back with the number of partitions: at once where it is known, else as soon as it is, in the order of these
   * calls. Returns how to withdraw the wish, which says whether it still waited.
   */
  whenKnown(name: string, wish: Wish): () => boolean {
    const topic = this.#get(name);
    if (topic.leaders.length > 0) {
      wish.known(topic.leaders.length);
      return () => false;
    }
    topic.waiting.add(wish);
    topic.usedAt = performance.now();
    if (!topic.discovering) void this.#discover(name, topic);
    else this.#lookSoon();
    return () => topic.waiting.delete(wish);
  }

  /** When brokers last answered what there is, ms since the epoch. */
  get goodAt(): number | undefined {
    return this.#goodAt;
  }

  /** How many are in use. */
  get size(): number {
    return [...this.#topics.values()].filter(({ open }) => open).length;
  }

  /** Nobody writes to it any more. */
  close(name: string): void {
    const topic = this.#topics.get(name);
    if (topic && !topic.discovering && topic.waiting.size === 0) this.#topics.delete(name);
  }

  /**
   * Node id of the broker that leads this partition now.
   * @throws SendFailure
   */
  async leader(name: string, partition: number): Promise<number> {
    const topic = this.#get(name);
    topic.open = true;
    if (topic.stale || topic.failure || (topic.leaders[partition] ?? -1) < 0) await this.#questions.about(name);
    if (topic.failure) throw topic.failure;
    const leader = topic.leaders[partition];
    if (leader === undefined) throw noPartition(name, partition);
    if (leader < 0) throw noLeader();
    return leader;
  }

  /** Who led this partition when that was asked last; -1 where nobody did, or nobody has asked. */
  lastLeader(name: string, partition: number): number {
    return this.#topics.get(name)?.leaders[partition] ?? -1;
  }

  /** A broker did not answer as the leader of this topic's partitions should. */
  stale(name: string): void {
    this.#get(name).stale = true;
  }

  #get(name: string): Topic {
    let topic = this.#topics.get(name);
    if (!topic) {
      const waiting = new Set<Wish>();
      const known = { leaders: [], failure: undefined, stale: false };
      topic = {
        ...known,
        open: false,
        waiting,
        since: undefined,
        hold: undefined,
        usedAt: 0,
        discovering: false,
        fresh: false,
      };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  /** Asks until the topic is known, nobody waits for it any more, or the output stops. */
  async #discover(name: string, topic: Topic): Promise<void> {
    topic.discovering = true;
    topic.since ??= performance.now();
    for (let n = 0; isWanted(topic) && !this.#stopped.signal.aborted; n++) {
      try {
        topic.open ||= this.size < this.#settings.max;
        if (topic.open) await this.#questions.about(name);
        else topic.failure = tooMany(this.#settings.max);
      } catch (error) {
        topic.failure = SendFailure.from(error);
      }
      if (!isWanted(topic)) break;
      if (topic.failure) {
        if (!topic.fresh) this.#settings.troubles.set(name, topic.failure);
        topic.fresh = false;
        this.#lookSoon();
      }
      await sleep(backoff(n), this.#stopped.signal);
      if (topic.hold?.expired) this.#endHolds();
    }
    endHold(topic);
    if (topic.leaders.length === 0) this.#topics.delete(name);
    topic.discovering = false;
    this.#settings.troubles.clear(name);
  }

  /** What comes at about the same time is given up together: each time can make a transaction of others void. */
  #lookSoon(): void {
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      for (const [name, topic] of this.#topics) {
        if (topic.failure && topic.waiting.size > 0) this.#look(name, topic, topic.failure);
      }
    }, togetherMs);
  }

  #endHolds(): void {
    for (const topic of this.#topics.values()) endHold(topic);
  }

  /** What waits too long is given up: its source waits instead. */
  #look(name: string, topic: Topic, failure: SendFailure): void {
    const { deadLetterAfter = Number.POSITIVE_INFINITY } = this.#settings;
    const waited = performance.now() - (topic.since ?? performance.now());
    const wishes = [...topic.waiting];
    if (waited >= deadLetterAfter) {
      topic.waiting.clear();
      endHold(topic);
      for (const wish of wishes) wish.refused(failure);
    } else if (waited >= failure.patience) {
      for (const wish of wishes.filter(({ alone }) => alone)) {
        topic.hold ??= new Hold();
        topic.waiting.delete(wish);
        wish.stuck(topic.hold.toError(name, failure));
      }
    }
  }

  #refreshAll(): void {
    for (const [name, { open }] of this.#topics) {
      if (!open) continue;
      this.#questions
        .about(name)
        .catch((error: unknown) =>
          this.#settings.log.debug('topics cannot be asked for', { reason: SendFailure.from(error).message }),
        );
    }
  }

  async #ask(names: readonly string[]): Promise<void> {
    const metadata = await this.#settings.cluster.metadata(names);
    this.#goodAt = Date.now();
    for (const answer of metadata.topics) {
      const topic = this.#topics.get(answer.name);
      if (topic) topic.failure = await this.#take(answer, topic);
    }
  }

  async #take(answer: TopicMetadata, topic: Topic): Promise<SendFailure | undefined> {
    const { create, brokers } = this.#settings;
    if (answer.code === 3) return create ? this.#create(answer.name, topic) : missing(answer.name, brokers);
    if (answer.code !== 0) return refused(answer.name, answer.code, brokers);
    const before = topic.leaders.length;
    topic.leaders = answer.leaders;
    topic.stale = false;
    topic.since = undefined;
    if (before > 0 && before !== answer.leaders.length) {
      this.#settings.log.info(
        `topic ${answer.name} has ${plural(answer.leaders.length, 'partition')} now, before ${before}`,
      );
    }
    const waiting = [...topic.waiting];
    topic.waiting.clear();
    for (const wish of waiting) wish.known(answer.leaders.length);
    endHold(topic);
    return undefined;
  }

  /** Whether it worked or not, the next question shows what is there. */
  async #create(name: string, topic: Topic): Promise<SendFailure> {
    const { partitions, replication_factor: replicationFactor } = this.#settings.create!;
    const answer = await this.#settings.cluster.createTopic({ name, partitions, replicationFactor });
    topic.fresh = answer.code === 0;
    if (topic.fresh) this.#settings.log.info(`created topic ${name} with ${plural(partitions, 'partition')}`);
    return notCreated(name, answer);
  }
}

/** Whether to go on asking for it: also a moment longer than anybody waits, since who was held up may come again. */
function isWanted({ leaders, waiting, hold, usedAt }: Topic): boolean {
  return leaders.length === 0 && (waiting.size > 0 || hold !== undefined || performance.now() - usedAt < restMs);
}

function endHold(topic: Topic): void {
  if (!topic.hold) return;
  topic.hold.end();
  topic.hold = undefined;
  topic.usedAt = performance.now();
}
