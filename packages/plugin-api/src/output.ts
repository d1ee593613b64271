import type { Batch } from './batch.ts';
import type { ComponentContext } from './context.ts';

export interface OutputContext extends ComponentContext {
  /** Tells this agent from all others: `agent_id` of the pipeline file, else one that is kept in data_dir. */
  readonly agentId: string;
  /** Says that it sends something again by itself, without having thrown: it is counted with what the engine tries again. */
  retried(): void;
}

/** Where records went, for observers: shown in logs and given to `pipeline.hooks.delivered`. */
export interface Receipt {
  /** The place, e.g. a topic. */
  readonly target: string;
  readonly partition?: number;
  /** Offset of the first of `records`, where the target numbers them. */
  readonly offset?: string;
  readonly records: number;
}

/**
 * What an output would write of one record: `value` is the record itself, and by their own names what else a person looks for
 * there (topic, key, headers), `undefined` where this record has none.
 */
export interface Preview {
  readonly value: string;
  readonly [field: string]: string | Readonly<Record<string, string>> | undefined;
}

/** Plain data about a component, as JSON. */
export interface Figures {
  readonly [name: string]: string | number | boolean | Figures | readonly (string | number | boolean | Figures)[];
}

/**
 * Positions as data: what the engine wants to find again. Keys begin with the agent's id, as `encodeURIComponent` writes it, and a
 * slash. `null` forgets one.
 */
export type Positions = ReadonlyMap<string, string | null>;

/**
 * What an output can that makes records and positions visible together. Before the first {@link recover} writes are in no
 * transaction. After it one begins with the first write, and with the first one after a commit.
 */
export interface Transactions {
  /** A transaction is closed when it holds so many bytes of what was read, or is so old (milliseconds), whichever comes first. */
  readonly bytes: number;
  readonly interval: number;
  /** What to do where positions were committed before, and the output has none of this agent: go on from those stored here, or stop. */
  readonly onMissing: 'local' | 'stop';

  /**
   * Shuts out whoever used this agent's and output's id before, ends what it or we had begun, and returns all positions of
   * this agent that were committed (others may be among them). Called after `start`, before anything is read, and after every
   * failure: one way for both. What was written since the last commit is void, and no write is pending.
   * What a {@link Stuck} write waits for is not over because of this.
   * @param ours whether, by these positions, no other agent has taken over since this one did: to be asked before anybody is shut
   * out who may have come later than this agent. Left out the first time that the agent recovers, with any instance of this output
   * @throws LC_OUTPUT_FENCED: another agent has taken over since the last call, so this one stops, with files of which the other
   * one has positions of its own; anything retriable: tried again after a pause. Any other LogcatchError: the agent stops with it
   */
  recover(
    signal: AbortSignal,
    ours?: (positions: ReadonlyMap<string, string>) => boolean,
  ): Promise<ReadonlyMap<string, string>>;

  /**
   * Everything that `write` has resolved since the last commit, and these positions, become visible together. No write is
   * pending. There may be positions only. Afterwards it is as before: the next write begins the next transaction.
   * @throws LC_OUTPUT_FENCED: another agent has taken over, this one stops; anything else: it is not known whether that took
   * place, and {@link recover} is called
   */
  commit(positions: Positions, signal: AbortSignal): Promise<void>;
}

/**
 * Writes records. The engine owns queue, back-off and positions.
 *
 * Life: `start`, then `write`, then `stop`. The engine calls `start` again after a pause when it throws, and `write` again
 * with the same batch when that throws: by another instance, created and started when this one has stopped, unless the throw
 * says that this one goes on. So what connects in `start` need not connect again by itself.
 */
export interface Output {
  /** Connects. @throws to be tried again after a pause; reading waits meanwhile */
  start(signal: AbortSignal): Promise<void>;

  /**
   * Resolves when every record is durable at the target: their positions are stored then. One call at a time, unless the
   * definition says `concurrency`; with more, batches of one source must still arrive in the order of the calls.
   * When `signal` aborts, give back what was not sent and reject soon: the batch will come again.
   * @throws {Rejected} these records can never be written, all the others are
   * @throws {Stuck} none of these is written, and the batch's source has to wait; the others flow on
   * @throws LogcatchError: the whole batch is written again after a pause
   * @throws LC_OUTPUT_UNREACHABLE, or anything else: so it is, by another instance (but with {@link transactions}, which recover)
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: an output without receipts just returns
  write(batch: Batch, signal: AbortSignal): Promise<readonly Receipt[] | void>;

  /**
   * Set when it is to be used so, and only where {@link OutputDefinition.transactional} says so: then `write` resolves when the
   * records are stored, and they count with the next commit. A write that throws anything but `Rejected` voids the transaction.
   */
  readonly transactions?: Transactions;

  /** What it knows of itself, for `pipeline status --json`: asked at any time, so cheap. Never a secret. */
  figures?(): Figures;

  /**
   * Frees everything. Legal before or during `start`, and twice. No `write` is pending, except one that was aborted. Another
   * instance does not wait for ever until this one has stopped.
   */
  stop(): Promise<void>;
}
