import type { Chunk } from '@logcatch/plugin-api';

const LF = 10;
const CR = 13;

/** How bytes become records: options of the input, the same for each of its files. */
export interface Framing {
  readonly stripCr: boolean;
  /** Bytes, line end not counted. */
  readonly maxLineBytes: number;
  /** Of one batch. */
  readonly maxRecords: number;
}

/** The bytes of a chunk that are to be framed. */
export interface Stretch {
  /** Index in the chunk of the first byte. */
  readonly from: number;
  /** Index after the last byte. */
  readonly to: number;
  /** The byte before `from` is no LF: the beginning of this line was shipped (or skipped) earlier. */
  readonly inside: boolean;
  /** Nothing will be appended: what follows the last LF is a record too. */
  readonly last: boolean;
}

export interface Framed {
  readonly count: number;
  /** Index after the last byte accounted for. What follows is read again with the next batch. */
  readonly end: number;
  /** Records that were cut off because their line is too long. */
  readonly split: number;
  /** Stopped at `maxRecords`: there can be more records in the stretch. */
  readonly more: boolean;
}

/**
 * Fills the chunk's columns with the lines of a stretch. One search per line, nothing allocated per line.
 *
 * Whether a line was already shipped without its end is not remembered anywhere, it shows in the bytes: a line end with
 * which a stretch begins in the middle of a line only finishes what was shipped, and makes no record. Splitting keeps to
 * that: it cuts only where content is sure to follow, so a cut is never followed by a bare line end.
 */
export function frame(chunk: Chunk, stretch: Stretch, framing: Framing): Framed {
  const { to, last } = stretch;
  const { stripCr, maxLineBytes, maxRecords } = framing;
  const bytes = to === chunk.bytes.length ? chunk.bytes : chunk.bytes.subarray(0, to);
  let at = stretch.inside ? afterLineEnd(bytes, stretch.from, stripCr) : stretch.from;
  let { starts, ends } = chunk;
  let count = 0;
  let split = 0;
  while (at < to && count < maxRecords) {
    const lf = bytes.indexOf(LF, at);
    let end = lf < 0 ? to : lf;
    // Without its LF a final CR can still become part of a line end.
    if (stripCr && end > at && bytes[end - 1] === CR && (lf >= 0 || !last)) end--;
    let begun = stretch.inside && at === stretch.from;
    const pieces = end - at > maxLineBytes ? Math.ceil((end - at) / maxLineBytes) : 1;
    const room = Math.min(count + pieces, maxRecords);
    if (room > starts.length) {
      chunk.reserve(Math.min(maxRecords, Math.max(room, expected(count, at - stretch.from, to - at))));
      ({ starts, ends } = chunk);
    }
    while (end - at > maxLineBytes && count < maxRecords) {
      starts[count] = at;
      ends[count++] = at += maxLineBytes;
      split++;
      begun = true;
    }
    if (count === maxRecords || (lf < 0 && !(last && end > at))) break;
    // All that is missing from the line may be the LF: no record of its own, whether the LF comes or not.
    if (lf < 0 && begun && stripCr && end - at === 1 && bytes[at] === CR) break;
    starts[count] = at;
    ends[count++] = end;
    at = lf < 0 ? to : lf + 1;
  }
  return { count, end: at, split, more: count === maxRecords };
}

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
function afterLineEnd(bytes: Buffer, at: number, stripCr: boolean): number {
  if (bytes[at] === LF) return at + 1;
  return stripCr && bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at;
}

/** Records to make room for, going by the lines so far: growing the columns copies them. */
function expected(count: number, seen: number, left: number): number {
  return count < 16 ? 64 : count + Math.ceil((left * count * 1.1) / seen) + 16;
}
