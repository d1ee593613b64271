import type { AsyncSeriesBailHook, AsyncSeriesHook, AsyncSeriesWaterfallHook, SyncBailHook, SyncHook } from 'tapable';
import type { Batch } from './batch.ts';
import type { AnyDefinition } from './define.ts';
import type { LogcatchError } from './errors.ts';
import type { Receipt } from './output.ts';
import type { Source, SourceEnd } from './source.ts';
import type { Status } from './status.ts';

/**
 * Hooks have two lives. `engine.hooks` live as long as the process; tap them in a plugin's `apply`. `pipeline.hooks` live as
 * long as one pipeline; tap them in `engine.hooks.pipeline`. Names in the past tense observe. An observer that throws is
 * blamed by name, and stops nobody.
 */
export interface EngineHooks {
  /** Once, before configuration is read: offer component types. A throw stops the start. */
  readonly components: SyncHook<[components: Components]>;
  /** At every load: the pipeline file as plain data, before validation. Return the document, changed or not. A throw refuses it. */
  readonly config: AsyncSeriesWaterfallHook<[document: unknown]>;
  /** A pipeline was made and is about to start: tap its hooks. */
  readonly pipeline: SyncHook<[pipeline: PipelineHandle]>;
  /** A change is about to be applied. A throw refuses it, and the running state goes on. */
  readonly beforeReload: AsyncSeriesHook<[plan: Plan]>;
  /** How a change ended. */
  readonly reloaded: SyncHook<[outcome: ReloadOutcome]>;
  /** The process is about to end; everything has stopped. */
  readonly shutdown: AsyncSeriesHook<[]>;
}

export interface PipelineHooks {
  /** An edge is about to be made. `false` prevents it. Called again for the edges that are made anew. */
  readonly link: SyncBailHook<[edge: Edge], false | undefined>;
  /** A node's `batch` hook was made, at start, whenever a reload changes its edges, and when somebody begins or stops to look at it (`pipeline tap`): tap it here, it lives until the next one. */
  readonly linked: SyncHook<[node: NodeHandle]>;
  /** Something happened to a source. */
  readonly discovered: SyncHook<[discovery: Discovery]>;
  /** An output wrote a batch. Use `isUsed()` before making this hook's arguments. */
  readonly delivered: SyncHook<[delivered: Delivered]>;
  /** A record can never be written. The first answer decides; without one it goes to the dead letters. */
  readonly refused: AsyncSeriesBailHook<[refusal: Refusal], Verdict | undefined>;
  /** Positions are on disk. */
  readonly checkpointed: SyncHook<[sources: number]>;
  /** A component's state changed. */
  readonly status: SyncHook<[component: string, status: Status]>;
  /** Something failed; whoever reports errors elsewhere taps this. */
  readonly error: SyncHook<[error: LogcatchError]>;
}

export interface NodeHandle {
  readonly id: string;
  readonly kind: 'input' | 'transform' | 'output';
  /** Called once per batch that leaves the node (an output: that reaches it), synchronously; the batch is valid during the call. `undefined` exit: the only one. */
  readonly batch: SyncHook<[batch: Batch, exit: string | undefined]>;
}

export interface EngineHandle {
  readonly hooks: EngineHooks;
}

export interface PipelineHandle {
  readonly name: string;
  readonly hooks: PipelineHooks;
}

/** The registry of component types. */
export interface Components {
  /** @throws LC_PLUGIN_DUPLICATE */
  add(definition: AnyDefinition): void;
}

export interface Edge {
  readonly from: string;
  /** Exit of a transform that has several. */
  readonly exit?: string;
  readonly to: string;
}

/** What a change adds, rebuilds, takes live and removes: component ids, but for {@link sources} and {@link settings}. */
export interface Plan {
  readonly add: readonly string[];
  readonly change: readonly string[];
  /** Only their attributes changed. */
  readonly retag: readonly string[];
  readonly remove: readonly string[];
  /** Unchanged components whose edges are made anew. */
  readonly relink: readonly string[];
  /** Configuration sources, by name. */
  readonly sources: {
    readonly add: readonly string[];
    readonly change: readonly string[];
    readonly remove: readonly string[];
  };
  /** Top-level keys of the file that are taken live: `max_bytes`, `shutdown_timeout`, `http`. */
  readonly settings: readonly string[];
}

/** `refused`: nothing was touched. `rolled back`: what was changed could not start, and what ran before runs again. */
export type ReloadOutcome =
  | { readonly result: 'applied'; readonly plan: Plan }
  | { readonly result: 'unchanged' }
  | { readonly result: 'refused' | 'rolled back'; readonly errors: readonly LogcatchError[] };

export interface Discovery {
  readonly input: string;
  readonly source: Source;
  readonly event: 'found' | 'resumed' | 'renamed' | SourceEnd;
  /** Where it is now, for `renamed`. */
  readonly path: string;
}

export interface Delivered {
  readonly output: string;
  readonly source: Source;
  readonly records: number;
  readonly receipts: readonly Receipt[];
}

export interface Refusal {
  readonly output: string;
  readonly source: Source;
  /** The record's position in its source. */
  readonly offset: number;
  readonly reason: LogcatchError;
}

/** `retry` the record, `dead-letter` it (the default), `drop` it, or `stop` its source. */
export type Verdict = 'retry' | 'dead-letter' | 'drop' | 'stop';
