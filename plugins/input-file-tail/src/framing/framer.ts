import type { Chunk, Column } from '@logcatch/plugin-api';
import type { Encoding } from './encoding.ts';

/** The bytes of a chunk that are to be framed. */
export interface Stretch {
  /** Position in the file of the chunk's first byte. */
  readonly base: number;
  /** Index in the chunk of the first byte. What the file holds before it is in the chunk as well, a little of it. */
  readonly from: number;
  /** Index after the last byte. */
  readonly to: number;
  /** Nothing will be appended: what is there is all of the last record. */
  readonly last: boolean;
  /** What {@link Framed.held} was, as a position in the file, when nothing was added for long: what is held up to there is complete. */
  readonly quiet: number;
  /** The first two bytes of the file, as a number; 0 while it has less. */
  readonly beginning: number;
  /** How the file is encoded, where it is not to be read as it is. */
  readonly encoding?: Encoding | undefined;
}

/** What did not go well with some records, and how often. */
export type Flaws = Readonly<Partial<Record<Flaw, number>>>;
export type Flaw = 'split' | 'limited' | 'replaced' | 'unparsed';

/** A line that is not of the format of a container runtime. */
export interface Unparsed {
  /** Where it begins in the file. */
  readonly position: number;
  readonly why: string;
}

export interface Framed {
  readonly count: number;
  /** Index after the last byte accounted for, in the chunk that was framed. What follows is read again with the next batch. */
  readonly end: number;
  /** Stopped at the most records: there can be more of them in the stretch. */
  readonly more: boolean;
  readonly flaws: Flaws;
  /** The first of those that `flaws` counts. */
  readonly unparsed?: Unparsed | undefined;
  /** Whole lines are there, and more can belong to the record that they begin: index after what was last added to it. */
  readonly held?: number | undefined;
  /** The first record is the rest of a line whose beginning was shipped earlier. */
  readonly begun?: boolean;
  /** Where the records are, if not in the chunk that was framed: a sibling of it. */
  readonly chunk?: Chunk;
  /** Position of each record in the file, where it is not that of its bytes. */
  readonly offsets?: Float64Array;
  /** What records have besides their text. */
  readonly columns?: Iterable<readonly [name: string, column: Column]>;
}

/**
 * Makes records of bytes. It remembers nothing: the same bytes from the same position make the same records, however they were
 * cut into chunks. So a record that is held is just not accounted for yet, and the next read begins with it again.
 */
export interface Framer {
  /** Bytes that a stretch has to have, so that the first record in it ends there for sure. */
  readonly longest: number;
  /** Milliseconds after which a record that is held is complete if nothing was added to it. */
  readonly timeout: number;
  /** Fills the columns of the chunk, or of a sibling. */
  frame(chunk: Chunk, stretch: Stretch): Framed;
}

export const flawless: Flaws = {};
