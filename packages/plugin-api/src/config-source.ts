import type { ComponentContext } from './context.ts';
import type { Origin } from './errors.ts';

export interface ConfigSourceContext extends ComponentContext {
  /** Tells the engine that something may have changed: it will {@link ConfigSource.load} again. Cheap, may be called often. */
  changed(): void;
}

/** One text to be parsed. The engine parses it, so that errors can name line and column. */
export interface ConfigDocument {
  readonly text: string;
  readonly format: ConfigFormat;
  /** What errors call it: a path, `etcd key /logcatch/app, revision 42`. */
  readonly label: string;
}

export type ConfigFormat = 'json' | 'yaml' | 'text';

/** What a source holds now. */
export type LoadedConfig =
  /** One text. */
  | { readonly document: ConfigDocument; readonly revision?: string }
  /** A map of keys to texts. */
  | { readonly documents: Readonly<Record<string, ConfigDocument>>; readonly label: string; readonly revision?: string }
  /** Maps of texts that know no types: each becomes what the option takes where it is used. */
  | {
      readonly texts: TextTree;
      /** Place of the value at this path, or of its nearest ancestor. */
      originOf(path: readonly (string | number)[]): Origin;
      readonly revision?: string;
    };

export type TextTree = { readonly [key: string]: string | readonly string[] | TextTree };

/**
 * Holds configuration that pipeline files use as `${name.path}`. The engine owns everything else: parsing, validation, when to
 * load again after a failure, the last good value and its copy on disk.
 *
 * Life: `start`, then `load` at once and after every `ctx.changed()`, then `stop`. The engine makes a new instance when the
 * options change.
 */
export interface ConfigSource {
  /** Connects, and begins to watch. @throws to be tried again after a pause */
  start(signal: AbortSignal): Promise<void>;

  /**
   * What it holds now, as a whole: never what an event said.
   * @throws LC_SOURCE_ABSENT when there is nothing (the value from before goes on), LC_SOURCE_UNREACHABLE and anything else
   * to be tried again after a pause
   */
  load(signal: AbortSignal): Promise<LoadedConfig>;

  /**
   * Publishes the status of this agent for as long as it lives, where the options ask for that. Must not throw, and holds up
   * nothing: trouble is tried again, or told by `ctx.degraded`.
   * @param status JSON of an object with `agent_id`; replaces the one before
   */
  report?(status: string): void;

  /**
   * What all agents that live have published, by agent id: for `pipeline fleet`. Absent where the options ask for no reports.
   * @throws LC_SOURCE_UNREACHABLE
   */
  reports?(signal: AbortSignal): Promise<Record<string, string>>;

  /** Frees everything, and takes the published status back. Legal before or during `start`, and twice. */
  stop(): Promise<void>;
}
