import type { Batch } from './batch.ts';
import type { Buffers } from './buffers.ts';
import type { ComponentContext } from './context.ts';
import type { Source, Sources } from './source.ts';

export interface InputContext extends ComponentContext {
  readonly buffers: Buffers;
  readonly sources: Sources;
  /** True until {@link Input.start} of this component id has returned once, in whichever process. */
  readonly firstStart: boolean;
  /** `--once`: read what is there to its end, a last line without line end included, then end. */
  readonly once: boolean;
  /** Some of its options come from a remote source: a stranger may have written them. */
  readonly untrusted: boolean;
  /** The most records a batch may hold now; the smallest queue behind this input decides, and it changes with the configuration. */
  readonly maxRecords: number;
}

/**
 * Reads records. The engine owns positions, retries, flow control and supervision; an input turns bytes into batches.
 *
 * Life: `start`, then `read` again and again (never two at a time), then `stop`. The engine makes a new instance after a
 * throw.
 */
export interface Input {
  /**
   * Finds what is there and opens its sources. Runs even while outputs are away, because the start position of a new
   * file must be stored at once.
   * @throws to be tried again after a pause
   */
  start(signal: AbortSignal): Promise<void>;

  /**
   * The next batch of any source that is not paused, sources taking fair turns; pending while there is none; `null` at the
   * end: nothing more comes, unless a source is rewound. A batch begins where the one before it of the same source ended. The engine owns the batch and its chunk
   * from here on.
   * @throws when the input as a whole cannot go on; a source's own trouble is reported by `ctx.degraded` instead
   */
  read(signal: AbortSignal): Promise<Batch | null>;

  /** No batch of this source until `resume`. Called synchronously, at any time, also twice. */
  pause(source: Source): void;
  resume(source: Source): void;

  /** The next batch of this source begins at `position`, whatever was read since: it was not delivered, or somebody moved the source, back or ahead. */
  rewind(source: Source, position: number): void;

  /** What this input knows of a path, for `pipeline explain`: whether it reads it and why, or why not. `undefined`: nothing to do with it. */
  explain?(path: string): Promise<PathExplanation | undefined>;

  /** Why it has no source at the moment, in a few words for `pipeline status`; `undefined`: it has some, or does not know. */
  idle?(): string | undefined;

  /** Frees everything. Legal before or during `start`, during `read`, and twice; a pending `read` may stay pending. */
  stop(): Promise<void>;
}

export interface PathExplanation {
  /** Whether it is read now. */
  readonly read: boolean;
  /** Why, or why not, in one or two sentences: which pattern matches or excludes it, ignored for its age, outside of roots, parked, waiting for a predecessor, ... */
  readonly reasons: readonly string[];
  /** Keys of the sources that are or were at this path. */
  readonly sources: readonly number[];
}
