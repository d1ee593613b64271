import type { ComponentDefinition, Edge, LogcatchError, Origin } from '@logcatch/plugin-api';
import type { DesiredHttp } from './http.ts';
import type { DesiredSource } from './source-section.ts';
import type { JsonValue } from './value.ts';

export type Kind = 'input' | 'transform' | 'output';

/** What the pipeline file asks for, complete and valid. Its edges name components that are there. */
export interface Desired {
  /** The pipeline file, absolute. */
  readonly file: string;
  /** Default: the file's base name without its extension. */
  readonly name: string;
  /** Default: one that is kept in data_dir. */
  readonly agentId?: string;
  /** Absolute. Default: `.logcatch/<name>` beside the pipeline file. */
  readonly dataDir: string;
  /** Paths and npm names, as written. */
  readonly plugins: readonly string[];
  /** Milliseconds; default 5,000. */
  readonly shutdownTimeout: number;
  /** Bytes that may be unsettled; default 32 MiB, at least 1 MiB. */
  readonly maxBytes: number;
  /** Left out where nothing is to listen, which is the default. */
  readonly http?: DesiredHttp;
  /** In the order of the file, entries of `each` in the order of their list or map. */
  readonly inputs: readonly DesiredComponent[];
  readonly transforms: readonly DesiredComponent[];
  readonly outputs: readonly DesiredComponent[];
  readonly edges: readonly Edge[];
  /** Configuration sources, in the order of the file. */
  readonly sources: readonly DesiredSource[];
  /** What cannot run yet, and why: not among the components above. */
  readonly waiting: readonly Waiting[];
  /** What is valid and probably not meant. */
  readonly warnings: readonly LogcatchError[];
  /** The edges of what waits, and of an `each` that has no entries; of those as of one component. */
  readonly waitingEdges: readonly Edge[];
  /** Where the keys stand that need a restart; the document itself for those that are not written. */
  readonly origins: Readonly<Record<RestartKey, Origin>>;
}

/** Keys that cannot change while the pipeline runs. */
export type RestartKey = 'name' | 'agent_id' | 'data_dir' | 'plugins';

/** A component or source that waits for sources without a value, or for a component behind it that does. */
export interface Waiting {
  readonly kind: Kind | 'config';
  readonly id: string;
  /** Names of the sources. */
  readonly sources: readonly string[];
  readonly origin: Origin;
}

export interface DesiredComponent {
  readonly kind: Kind;
  /** Of an entry of `each`: the component's id, `/` and the entry's. */
  readonly id: string;
  readonly type: string;
  readonly definition: ComponentDefinition;
  /** What the definition's schema made of the options. */
  readonly options: unknown;
  /**
   * The options before the schema, without core fields: `${}` resolved, texts from env converted to what the option takes.
   * What {@link diff} compares. Secrets are not masked here.
   */
  readonly resolved: JsonValue;
  /** The user's own; inputs only, empty for the others. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Outputs: whether the source's position waits for this output; default true. True for the others. */
  readonly required: boolean;
  /** Outputs: `queue.max_records`, at least 1. */
  readonly maxRecords?: number;
  /** Some of its options come from a remote source: they are untrusted. */
  readonly remote: boolean;
  /** The component's key in the file; of an entry of `each`, the entry. */
  readonly origin: Origin;
}
