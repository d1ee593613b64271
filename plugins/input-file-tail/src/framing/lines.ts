import type { Chunk } from '@logcatch/plugin-api';

import { bytewise, type Letters } from './encoding.ts';
import { type Framed, type Framer, flawless, type Stretch } from './framer.ts';

/** How bytes become lines: options of the input, the same for each of its files. */
export interface LineOptions {
  readonly stripCr: boolean;
  /** Bytes, line end not counted. */
  readonly maxLineBytes: number;
  /** Of one batch. */
  readonly maxRecords: number;
}

/** The bytes of a chunk in which lines are looked for. */
export interface LineStretch {
  /** Index in the chunk of the first byte. */
  readonly from: number;
  /** Index after the last byte. */
  readonly to: number;
  /** The byte before `from` is no LF: the beginning of this line was shipped (or skipped) earlier. */
  readonly inside: boolean;
  /** Nothing will be appended: what follows the last LF is a record too. */
  readonly last: boolean;
}

/** A record is a line. */
export class Lines implements Framer {
  /** A line, its CR LF of two bytes each and one byte more. */
  readonly longest: number;
  readonly timeout = 0;
  readonly #options: LineOptions;

  constructor(options: LineOptions) {
    this.#options = options;
    this.longest = options.maxLineBytes + 5;
  }

  frame(chunk: Chunk, { base, from, to, last, encoding = bytewise }: Stretch): Framed {
    const { bytes } = chunk;
    const { width } = encoding;
    let begin = from;
    let inside = base + from > 0;
    if (width > 1) {
      begin += (base + from) % width;
      inside &&= from >= width && !encoding.isLf(bytes, begin - width);
    } else {
      // Batches end behind lines, or in a hole.
      const before = from > 0 ? bytes[from - 1] : undefined;
      if (!inside || before === 0) begin = afterHole(bytes, from, to, before === 0);
      inside = before !== undefined && before !== LF && begin === from;
    }
    return frame(chunk, { from: begin, to, inside, last }, this.#options, encoding);
  }
}

/**
 * Fills the chunk's columns with the lines of a stretch. One search per line, nothing allocated per line.
 *
 * Whether a line was already shipped without its end is not remembered anywhere, it shows in the bytes: a line end with
 * which a stretch begins in the middle of a line only finishes what was shipped, and makes no record. Splitting keeps to
 * that: it cuts only where content is sure to follow, so a cut is never followed by a bare line end.
 */
export function frame(
  chunk: Chunk,
  stretch: LineStretch,
  { stripCr, maxLineBytes, maxRecords }: LineOptions,
  letters: Letters = bytewise,
): Framed {
  const { last } = stretch;
  const { width, most } = letters;
  // The first byte of a character alone says nothing yet.
  const to = last ? stretch.to : stretch.to - ((stretch.to - stretch.from) % width);
  const bytes = to === chunk.bytes.length ? chunk.bytes : chunk.bytes.subarray(0, to);
  let at = stretch.inside ? afterLineEnd(bytes, stretch.from, stripCr, letters) : stretch.from;
  const begun = stretch.inside && at === stretch.from;
  let { starts, ends } = chunk;
  let count = 0;
  let split = 0;
  while (at < to && count < maxRecords) {
    const lf = letters.lineEnd(bytes, at);
    let end = lf < 0 ? to : lf;
    // Without its LF a final CR can still become part of a line end.
    if (stripCr && end - at >= width && letters.isCr(bytes, end - width) && (lf >= 0 || !last)) end -= width;
    let shipped = begun && at === stretch.from;
    const pieces = end - at > maxLineBytes ? Math.ceil((end - at) / (maxLineBytes + 1 - most)) : 1;
    const room = Math.min(count + pieces, maxRecords);
    if (room > starts.length) {
      chunk.reserve(Math.min(maxRecords, Math.max(room, expected(count, at - stretch.from, to - at))));
      ({ starts, ends } = chunk);
    }
    while (end - at > maxLineBytes && count < maxRecords) {
      starts[count] = at;
      ends[count++] = at = letters.cut(bytes, at, at + maxLineBytes);
      split++;
      shipped = true;
    }
    if (count === maxRecords || (lf < 0 && !(last && end > at))) break;
    // All that is missing from the line may be the LF: no record of its own, whether the LF comes or not.
    if (lf < 0 && shipped && stripCr && end - at === width && letters.isCr(bytes, at)) break;
    starts[count] = at;
    ends[count++] = end;
    at = lf < 0 ? to : lf + width;
  }
  return { count, end: at, more: count === maxRecords, flaws: split > 0 ? { split } : flawless, begun };
}

const LF = 10;
/** A UTF-32 character has up to three. */
const leastZeros = 4;

/**
 * Behind the hole in which bytes begin. A writer that keeps its offset leaves one when its file was truncated (`copytruncate`
 * without O_APPEND): what it writes next is behind as many zero bytes as there was text, and these are no part of a line.
 * The end of the bytes is no end of a hole: only what follows shows that it is one.
 *
 * @param started the bytes before are of the hole too
 */
export function afterHole(bytes: Buffer, from: number, to: number, started: boolean): number {
  let at = from;
  while (at < to && bytes[at] === 0) at++;
  if (at === to && to < bytes.length) return from;
  return started || at - from >= leastZeros ? at : from;
}

/** Behind the line end that a stretch begins with, if it does. A lone final CR waits: its LF may not be written yet. */
function afterLineEnd(bytes: Buffer, at: number, stripCr: boolean, { width, isLf, isCr }: Letters): number {
  if (isLf(bytes, at)) return at + width;
  return stripCr && isCr(bytes, at) && isLf(bytes, at + width) ? at + 2 * width : at;
}

/** Records to make room for, going by the lines so far: growing the columns copies them. */
function expected(count: number, seen: number, left: number): number {
  return count < 16 ? 64 : count + Math.ceil((left * count * 1.1) / seen) + 16;
}
