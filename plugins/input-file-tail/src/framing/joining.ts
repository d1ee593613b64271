import type { Flaw } from './framer.ts';

/** Which lines make one record. */
export interface Joining {
  /** Whether a line begins a record, though one is held. */
  begins(line: string): boolean;
  /** Whether a line is the last one of its record. */
  completes(line: string): boolean;
  /** Whether it has to see the text of lines. */
  readonly looks: boolean;
  /** Milliseconds after which a record that is held is complete if nothing was added to it. */
  readonly timeout: number;
  readonly maxLines: number;
  /** Bytes of the file, from the beginning of the record to its end. */
  readonly maxBytes: number;
  /** What a record is that reaches one of these. */
  readonly tooLong: Flaw;
  /** Of one batch. */
  maxRecords(): number;
}

export interface JoiningOptions {
  readonly start?: RegExp | undefined;
  readonly continue?: RegExp | undefined;
  readonly end?: RegExp | undefined;
  readonly timeout: number;
  readonly max_lines: number;
  readonly max_bytes: number;
}

const never = () => false;
const always = () => true;

export function joiningOf(options: JoiningOptions, maxRecords: () => number): Joining {
  const { start, continue: goesOn, end, timeout, max_lines: maxLines, max_bytes: maxBytes } = options;
  const begins = start ? (line: string) => start.test(line) : goesOn ? (line: string) => !goesOn.test(line) : never;
  const completes = end ? (line: string) => end.test(line) : never;
  return { begins, completes, looks: true, timeout, maxLines, maxBytes, tooLong: 'limited', maxRecords };
}

/** Each line is a record, once its parts are put together. */
export function lineByLine(maxBytes: number, timeout: number, maxRecords: () => number): Joining {
  const rest = { looks: false, maxLines: 1, tooLong: 'split' } as const;
  return { ...rest, begins: always, completes: always, timeout, maxBytes, maxRecords };
}
