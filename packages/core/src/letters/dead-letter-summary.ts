import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireState } from '../state/state-access.ts';
import { type DeadLetter, type LetterFilter, matches, readLetter } from './dead-letter.ts';
import { lettersFolder, linesOf, segmentsOf, sizeOf } from './dead-letter-segments.ts';
import { type LettersUsage, lettersLimit } from './dead-letters.ts';

/** Dead letters of one output that were refused with one code. */
export interface LetterGroup {
  readonly output: string;
  readonly code: string;
  readonly records: number;
  /** On disk. */
  readonly bytes: number;
  /** When the first and the last one were refused, milliseconds since the epoch. */
  readonly oldest: number;
  readonly newest: number;
  /** Of the newest. */
  readonly reason: string;
}

export interface LetterSummary extends LettersUsage {
  readonly records: number;
  /** Records that the filter leaves out. */
  readonly others: number;
  /** Lines that are no letters: something else has written or damaged them. */
  readonly damaged: number;
  /** Largest first. */
  readonly groups: readonly LetterGroup[];
}

/**
 * The dead letters of a data_dir, whether an agent runs there or not: nothing is locked, and what is being written is left out.
 * @throws LC_AGENT_NOT_RUNNING where no agent has ever been, LC_AGENT_FORBIDDEN
 */
export function* readLetters(dataDir: string, filter: LetterFilter): Generator<DeadLetter> {
  for (const { letter } of readLines(dataDir)) if (letter && matches(letter, filter)) yield letter;
}

export function summarize(dataDir: string, filter: LetterFilter): LetterSummary {
  const groups = new Map<string, LetterGroup>();
  let damaged = 0;
  let records = 0;
  let others = 0;
  for (const { line, letter } of readLines(dataDir)) {
    if (!letter) damaged++;
    else if (!matches(letter, filter)) others++;
    else {
      records++;
      const key = JSON.stringify([letter.output, letter.code]);
      groups.set(key, grown(groups.get(key), letter, line.length));
    }
  }
  return {
    bytes: sizeOf(segmentsOf(join(dataDir, lettersFolder))),
    limit: lettersLimit,
    records,
    others,
    damaged,
    groups: [...groups.values()].toSorted((a, b) => b.records - a.records),
  };
}

function* readLines(dataDir: string): Generator<{ line: Buffer; letter: DeadLetter | undefined }> {
  requireState(dataDir);
  for (const { path } of segmentsOf(join(dataDir, lettersFolder))) {
    for (const line of linesOf(contentOf(path))) yield { line, letter: readLetter(line) };
  }
}

function grown(group: LetterGroup | undefined, letter: DeadLetter, bytes: number): LetterGroup {
  const { output, code, reason } = letter;
  const time = Date.parse(letter.time);
  if (!group) return { output, code, records: 1, bytes, oldest: time, newest: time, reason };
  return {
    ...group,
    records: group.records + 1,
    bytes: group.bytes + bytes,
    oldest: Math.min(group.oldest, time),
    newest: Math.max(group.newest, time),
    ...(time >= group.newest && { reason }),
  };
}

/** Empty where the agent has removed it meanwhile. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
