import type { Batch } from './batch.ts';
import type { ComponentContext } from './context.ts';

export interface TransformContext extends ComponentContext {
  /** Some of its options come from a remote source: a stranger may have written them. Regular expressions among those are refused before. */
  readonly untrusted: boolean;
  /** A clock in milliseconds that never goes back. In `pipeline test` it stands still, and moves when a test says so. */
  now(): number;
}

/** What a transform makes of a batch: zero or more batches, in order; by exit where it has several. */
export type Applied = Batch | readonly Batch[] | null | { readonly [exit: string]: Batch | readonly Batch[] };

/**
 * Changes batches. It holds nothing back: what it does not return is dropped for good, and settles. Derive batches from the
 * one it gets (`filter`, `select`, `mapText`, `withAttribute`), so that positions stay right.
 */
export interface Transform {
  start?(signal: AbortSignal): Promise<void>;
  /** @throws a new instance gets the same batch after a pause, and what comes of its source waits behind it */
  apply(batch: Batch): Applied | Promise<Applied>;
  stop?(): Promise<void>;
}
