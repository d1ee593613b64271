import type { ComponentContext } from './context.ts';
import type { Attributes } from './source.ts';

/** What was found out about one thing that a component needs. */
export interface Finding {
  /** `warning`: it runs, but not well, or not for ever. `problem`: it does not. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** What is so, in a sentence without its full stop: `127.0.0.1:9092 answers`. Never a secret. */
  readonly what: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** A component that is to be examined. It does not run, and is not made. */
export interface Examined<Options> {
  readonly options: Options;
  readonly context: ComponentContext;
  /** Of an output or a transform: the attributes that inputs give to their records, each set once. Others may be added on the way. */
  readonly attributes: readonly Attributes[];
}
