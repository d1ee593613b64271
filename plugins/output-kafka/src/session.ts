import { LogcatchError } from '@logcatch/plugin-api';
import { failureOf, nameOfCode } from './codes.ts';
import type { Coordinator } from './coordinator.ts';
import { SendFailure } from './failure.ts';
import { addPartitionsToTxn, endTxn, initProducerId, notAttempted, type Transactional } from './transaction-calls.ts';

export interface SessionSettings {
  readonly coordinator: Pick<Coordinator, 'ask'>;
  readonly transactionalId: string;
  /** Transactions that are older are aborted by the broker, in ms. */
  readonly timeout: number;
  /** What was written since the last commit will not count. */
  voided(failure: SendFailure): void;
}

/** A partition that is to take part in the transaction. */
interface Wish {
  readonly topic: string;
  readonly partition: number;
  readonly granted: PromiseWithResolvers<void>;
}

/** INVALID_PRODUCER_EPOCH, PRODUCER_FENCED. */
const fenced: readonly number[] = [47, 90];
const fencedAnswers = fenced.map(nameOfCode);
/** How long the broker has for ending a transaction that we leave, in ms. */
const farewellMs = 1000;

/**
 * One transaction after another under one id. It is void before the first {@link begin} and after every failure; there is
 * one way on from both, which is to begin anew.
 */
export class Session {
  readonly #settings: SessionSettings;
  readonly #partitions = new Set<string>();
  readonly #wishes = new Map<string, Wish>();
  #life = new AbortController();
  #last: Transactional | undefined;
  #granting = false;
  /** Somebody else is the producer now. */
  #shutOut = false;
  /** When the transaction began, by `performance.now()`; it may not have. */
  #since: number | undefined;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#life.abort(new SendFailure('LC_OUTPUT_FAILED', 'no transaction has begun yet'));
  }

  /** Aborts when what was written since the last commit has become void, with a SendFailure. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** @throws SendFailure when the session is void */
  get producer(): Transactional {
    this.life.throwIfAborted();
    return this.#last!;
  }

  /**
   * Makes us the only producer of this id; a transaction that was left open has ended before it resolves. The first time,
   * whoever used the id is shut out; from then on somebody else who has done so is the one who stays.
   * @param mayShutOut asked where the broker cannot tell whether whoever used the id came after us
   * @throws LC_OUTPUT_FENCED; SendFailure where it can be tried again
   */
  async begin(signal: AbortSignal, mayShutOut: () => Promise<boolean>): Promise<void> {
    const { coordinator, transactionalId, timeout } = this.#settings;
    const begin = (last?: Transactional) => coordinator.ask(initProducerId(transactionalId, timeout, last), signal);
    // Kafka before 4.0 would end what the other one has begun, and shut that out too, before it tells.
    if (this.#shutOut) throw this.#fenced();
    // Before it may begin anew: Kafka before 4.0 would end it too, and not know us as the last one afterwards.
    await this.#abort(signal);
    const shutOut = async () => {
      if (await mayShutOut()) return begin();
      throw this.#fenced();
    };
    let { code, producer } = await (this.#last ? begin(this.#last) : shutOut());
    // Kafka before 4.0 says the same when it has aborted a transaction that was too old: then we are not known as the last one.
    if (fenced.includes(code) && this.#overdue) ({ code, producer } = await shutOut());
    if (fenced.includes(code)) throw this.#fenced();
    if (code !== 0) throw failureOf(code, code === 53 ? this.#grant() : undefined);
    this.#partitions.clear();
    this.#since = undefined;
    this.#last = producer;
    this.#life = new AbortController();
  }

  /** What was written since the last commit will not count: nothing more is written before {@link begin}. */
  void(failure: SendFailure): void {
    if (this.life.aborted) return;
    // For its age the broker may have shut us out itself.
    if (fencedAnswers.includes(failure.answer ?? '') && !this.#overdue) this.#shutOut = true;
    this.#life.abort(failure);
    for (const { granted } of this.#wishes.values()) granted.reject(failure);
    this.#wishes.clear();
    this.#settings.voided(failure);
  }

  /** Lets a partition take part in the transaction; those that ask at once are asked for together. @throws SendFailure */
  async enlist(topic: string, partition: number): Promise<void> {
    this.life.throwIfAborted();
    const name = `${topic}-${partition}`;
    if (this.#partitions.has(name)) return;
    this.#since ??= performance.now();
    let wish = this.#wishes.get(name);
    if (!wish) {
      wish = { topic, partition, granted: Promise.withResolvers() };
      this.#wishes.set(name, wish);
    }
    if (!this.#granting) void this.#grantAll();
    await wish.granted.promise;
  }

  /** Everything that was written since the last time counts now. @throws SendFailure: it is not known whether it does */
  async commit(signal: AbortSignal): Promise<void> {
    if (this.#partitions.size === 0) return;
    try {
      const either = AbortSignal.any([signal, this.life]);
      const { code } = await this.#settings.coordinator.ask(endTxn(this.producer, 'commit'), either);
      if (code !== 0) throw failureOf(code);
      this.#partitions.clear();
      this.#since = undefined;
    } catch (error) {
      const failure = SendFailure.from(error);
      this.void(failure);
      throw failure;
    }
  }

  /** For good. A transaction that is open is aborted if that can be done soon, so that readers need not wait for its time-out. */
  async close(): Promise<void> {
    this.void(new SendFailure('LC_OUTPUT_FAILED', 'the output stops'));
    await this.#abort(AbortSignal.timeout(farewellMs)).catch(() => {});
  }

  /** Ends the transaction, if there may be one. Whether that worked shows when another begins. */
  async #abort(signal: AbortSignal): Promise<void> {
    if (!this.#last || this.#since === undefined) return;
    await this.#settings.coordinator.ask(endTxn(this.#last, 'abort'), signal);
  }

  /** Whether the broker may have aborted the transaction, for its age. */
  get #overdue(): boolean {
    return this.#since !== undefined && performance.now() - this.#since >= this.#settings.timeout;
  }

  async #grantAll(): Promise<void> {
    this.#granting = true;
    await Promise.resolve(); // those that ask in the same turn
    while (this.#wishes.size > 0) {
      try {
        await this.#grantThese([...this.#wishes.values()]);
      } catch (error) {
        this.void(SendFailure.from(error));
      }
    }
    this.#granting = false;
  }

  async #grantThese(wishes: readonly Wish[]): Promise<void> {
    const { life } = this;
    const byTopic = Map.groupBy(wishes, ({ topic }) => topic);
    const partitions = new Map([...byTopic].map(([topic, of]) => [topic, of.map(({ partition }) => partition)]));
    const { coordinator } = this.#settings;
    const { code: reason, codes } = await coordinator.ask(addPartitionsToTxn(this.producer, partitions), life);
    if (life.aborted) return;
    for (const [topic, partition, code] of codes) {
      if (code === notAttempted && reason !== 0) continue;
      const name = `${topic}-${partition}`;
      const wish = this.#wishes.get(name);
      this.#wishes.delete(name);
      if (code === 0) {
        this.#partitions.add(name);
        wish?.granted.resolve();
      } else {
        const failure = failureOf(code);
        wish?.granted.reject(failure);
        if (failure.remedy === 'restamp') throw failure;
      }
    }
  }

  #fenced(): LogcatchError {
    const { transactionalId } = this.#settings;
    return new LogcatchError(
      'LC_OUTPUT_FENCED',
      `another agent writes with the transactional id ${transactionalId} now`,
    );
  }

  #grant(): string {
    const { transactionalId } = this.#settings;
    return `Grant the user WRITE and DESCRIBE on the transactional id: \`kafka-acls.sh --add --allow-principal User:NAME --operation Write --operation Describe --transactional-id ${transactionalId}\`.`;
  }
}
