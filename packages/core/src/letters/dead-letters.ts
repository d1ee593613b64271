import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Batch, LogcatchError, type Refused } from '@logcatch/plugin-api';
import { Serial } from '../serial.ts';
import { type DeadLetter, type LetterFilter, letterLine, letterOf, matches, readLetter } from './dead-letter.ts';
import {
  append,
  lettersFolder,
  linesOf,
  removeDrafts,
  replace,
  type Segment,
  segmentsOf,
  sizeOf,
  wholeLines,
} from './dead-letter-segments.ts';

/** Bytes that all of them may reach. Full, they take nothing more, and the sources concerned stop: never a silent drop. */
export const lettersLimit = 64 << 20;
/** Segments that there are when they are full: what is removed costs a copy of one. */
const mostSegments = 8;
/** Bytes that are written at once, and that are looked at before others have their turn. */
const slice = 1 << 20;
const nothing = Buffer.alloc(0);

export interface LettersUsage {
  /** Bytes on disk. */
  readonly bytes: number;
  /** Bytes that it may reach. */
  readonly limit: number;
}

/** What an output has given to the dead letters. */
export interface Buried {
  /** Since the start. */
  readonly records: number;
  /** When the last one came, milliseconds since the epoch, and why. */
  readonly lastAt: number;
  readonly lastReason: string;
}

/** A place in the dead letters, between two lines. */
export interface Cursor {
  /** Number of a segment. */
  readonly segment: number;
  readonly byte: number;
}

export interface Edit {
  readonly from: Cursor;
  readonly filter: LetterFilter;
  /** Bytes of lines to look at, and at least one line. Default: all of the segment. */
  readonly most?: number;
  /** Also removes lines that are no letters: something else has written or damaged them. */
  readonly clean?: boolean;
  /** What stands in the place of each letter that was asked for; `undefined` removes it. */
  decide(letters: readonly DeadLetter[]): Promise<readonly (DeadLetter | undefined)[]>;
}

/**
 * Records that can never be written, one JSON object a line, with reason and origin, in a few files in data_dir. Whoever makes
 * one of these has the lock of data_dir.
 *
 * Lines are on disk (fdatasync) before a record counts as answered for. What a kill tears was not answered for: it is cut off
 * before the next lines come.
 */
export class DeadLetters {
  readonly folder: string;
  readonly #limit: number;
  readonly #slice: number;
  readonly #now: () => number;
  readonly #buried: Map<string, Buried>;
  /** Lines are added, and files are exchanged. */
  readonly #writing = new Serial();
  readonly #editing = new Serial();

  constructor(dataDir: string, bytes = lettersLimit, now: () => number = Date.now) {
    this.folder = join(dataDir, lettersFolder);
    this.#limit = bytes;
    this.#slice = Math.min(slice, bytes / mostSegments);
    this.#now = now;
    this.#buried = newestOf(this.folder);
    void this.#writing.run(() => removeDrafts(this.folder)).catch(() => {});
  }

  /** Records added by this process. */
  get count(): number {
    return [...this.#buried.values()].reduce((sum, { records }) => sum + records, 0);
  }

  /** What this output has added; where it is nothing since the start, the newest that it has left on disk before. */
  buriedBy(output: string): Buried | undefined {
    return this.#buried.get(output);
  }

  get usage(): LettersUsage {
    return { bytes: sizeOf(segmentsOf(this.folder)), limit: this.#limit };
  }

  /**
   * Resolves when the first ones of these, at least one, are on disk: with how many.
   * @throws LC_DEAD_LETTERS_FULL, or what the disk says; none was taken then
   */
  add(output: string, batch: Batch, refused: readonly Refused[]): Promise<number> {
    return this.#writing.run(async () => {
      const now = this.#now();
      const lines: Buffer[] = [];
      for (let bytes = 0; lines.length < refused.length && bytes < this.#slice; bytes += lines.at(-1)!.length) {
        lines.push(letterLine(letterOf(output, batch, refused[lines.length]!, now)));
      }
      await this.#append(Buffer.concat(lines));
      const { code, message } = refused[lines.length - 1]!.reason;
      const records = (this.#buried.get(output)?.records ?? 0) + lines.length;
      this.#buried.set(output, { records, lastAt: now, lastReason: `${code} ${message}` });
      return lines.length;
    });
  }

  /** Removes for good what was asked for, and returns how many that were. Lines that are no letters go when everything does. */
  drop(filter: LetterFilter): Promise<number> {
    return this.#editing.run(async () => {
      const clean = Object.values(filter).every((value) => value === undefined);
      let dropped = 0;
      const decide = async (letters: readonly DeadLetter[]) => {
        dropped += letters.length;
        return [];
      };
      for (const { number } of segmentsOf(this.folder)) {
        await this.#edit({ from: { segment: number, byte: 0 }, filter, clean, decide });
      }
      return dropped;
    });
  }

  /** Changes letters of one segment. New ones come in meanwhile. Returns where to go on; `undefined` at the end of all. */
  edit(edit: Edit): Promise<Cursor | undefined> {
    return this.#editing.run(() => this.#edit(edit));
  }

  async #append(lines: Buffer): Promise<void> {
    const all = segmentsOf(this.folder);
    const used = sizeOf(all);
    // One that is larger than all the room there is must not stop its source for ever.
    if (used > 0 && used + lines.length > this.#limit) {
      throw new LogcatchError('LC_DEAD_LETTERS_FULL', `${this.folder} holds ${used} of ${this.#limit} bytes`);
    }
    const last = all.at(-1);
    await append(this.folder, last, !last || last.bytes + lines.length > this.#limit / mostSegments, lines);
  }

  async #edit({ from, filter, most = Infinity, clean = false, decide }: Edit): Promise<Cursor | undefined> {
    const [segment, next] = segmentsOf(this.folder).filter(({ number }) => number >= from.segment);
    if (!segment) return undefined;
    const content = await readFile(segment.path);
    const start = segment.number === from.segment ? Math.min(from.byte, content.length) : 0;
    const kept: Buffer[] = [];
    const chosen: { readonly letter: DeadLetter; readonly place: number }[] = [];
    let end = start;
    let rested = start;
    for (const line of linesOf(content, start)) {
      if (end - start >= most) break;
      end += line.length;
      if (end - rested >= slice) {
        rested = end;
        await setImmediate();
      }
      const letter = readLetter(line);
      if (letter && matches(letter, filter)) chosen.push({ letter, place: kept.length });
      if (letter || !clean) kept.push(line);
    }
    const decisions = chosen.length > 0 ? await decide(chosen.map(({ letter }) => letter)) : [];
    for (const [index, { letter, place }] of chosen.entries()) {
      const decision = decisions[index];
      if (decision !== letter) kept[place] = decision ? letterLine(decision) : nothing;
    }
    const lines = Buffer.concat(kept);
    if (clean || !lines.equals(content.subarray(start, end))) await this.#exchange(segment, start, end, lines);
    if (start < end && end < content.length) return { segment: segment.number, byte: start + lines.length };
    return next && { segment: next.number, byte: 0 };
  }

  /** Puts these lines in the place of what stands between two bytes. Nothing is being added meanwhile, so what is torn is torn for good. */
  #exchange({ path }: Segment, start: number, end: number, lines: Buffer): Promise<void> {
    return this.#writing.run(async () => {
      const content = wholeLines(await readFile(path));
      await replace(path, Buffer.concat([content.subarray(0, start), lines, content.subarray(end)]));
    });
  }
}

/** By output, in the segment that was begun last: a restart makes nothing well. One that cannot be read keeps nobody from starting. */
function newestOf(folder: string): Map<string, Buried> {
  const newest = new Map<string, Buried>();
  try {
    const last = segmentsOf(folder).at(-1);
    for (const line of last ? linesOf(readFileSync(last.path)) : []) {
      const letter = readLetter(line);
      if (!letter) continue;
      const { output, time, code, reason } = letter;
      newest.set(output, { records: 0, lastAt: Date.parse(time), lastReason: `${code} ${reason}` });
    }
    return newest;
  } catch {
    return newest;
  }
}
