import type { Secret } from './schema.ts';

/** The engine's own log (stderr). Fields become `key=value`; never log a record's content above `debug`. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** Whether `debug` goes anywhere: ask before building costly fields. */
  readonly debugging: boolean;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** What the engine gives every component when it creates it. */
export interface ComponentContext {
  /** The component's id in the pipeline file. */
  readonly id: string;
  readonly log: Logger;
  readonly host: string;
  /** Absolute path of the pipeline's state folder. Files in it are never input. */
  readonly dataDir: string;
  /** A path relative to the pipeline file, made absolute. */
  resolve(path: string): string;
  /** The value of a secret option; read from its file each time, so that a changed file counts. */
  secret(value: Secret): Promise<string>;
  /**
   * Says that the component works, but not well, and why; `null` when it is well again. For people: it shows in status
   * and log and changes nothing else.
   */
  degraded(reason: string | null, hint?: string): void;
}
