import type { Batch } from './batch.ts';
import type { ComponentContext } from './context.ts';

export type OutputContext = ComponentContext;

/** Where records went, for observers: shown in logs and given to `pipeline.hooks.delivered`. */
export interface Receipt {
  /** The place, e.g. a topic. */
  readonly target: string;
  readonly partition?: number;
  /** Offset of the first of `records`, where the target numbers them. */
  readonly offset?: string;
  readonly records: number;
}

/** Plain data about a component, as JSON. */
export interface Figures {
  readonly [name: string]: string | number | boolean | Figures | readonly (string | number | boolean | Figures)[];
}

/**
 * Writes records. The engine owns queue, back-off and positions.
 *
 * Life: `start`, then `write`, then `stop`. The engine calls `start` again after a pause when it throws, and `write` again
 * with the same batch when that throws.
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
   * @throws anything else: the whole batch is written again after a pause
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: an output without receipts just returns
  write(batch: Batch, signal: AbortSignal): Promise<readonly Receipt[] | void>;

  /** What it knows of itself, for `pipeline status --json`: asked at any time, so cheap. Never a secret. */
  figures?(): Figures;

  /** Frees everything. Legal before or during `start`, and twice. No `write` is pending, except one that was aborted. */
  stop(): Promise<void>;
}
