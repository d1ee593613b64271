import type { Chunk } from '@logcatch/plugin-api';

const LF = 10;
const CR = 13;

export interface Framing {
  readonly stripCr: boolean;
  /** Bytes, line end not counted. */
  readonly maxLineBytes: number;
  readonly maxRecords: number;
}

export interface Framed {
  readonly count: number;
  /** Index behind the last byte accounted for: what follows is no whole line yet. */
  readonly end: number;
  /** Records that were cut off because their line is too long. */
  readonly split: number;
}

/**
 * Fills the chunk's columns with the lines of its first bytes.
 * @param last nothing comes behind them: what follows the last LF is a record too
 */
export function frame(chunk: Chunk, length: number, last: boolean, framing: Framing): Framed {
  const { stripCr, maxLineBytes, maxRecords } = framing;
  const bytes = chunk.bytes.subarray(0, length);
  let at = 0;
  let count = 0;
  let split = 0;
  const add = (end: number) => {
    chunk.reserve(count + 1);
    chunk.starts[count] = at;
    chunk.ends[count++] = end;
    at = end;
  };
  while (at < length && count < maxRecords) {
    const lf = bytes.indexOf(LF, at);
    const whole = lf >= 0 || last;
    let end = lf < 0 ? length : lf;
    // Without its LF a final CR can still become part of a line end.
    if (stripCr && end > at && bytes[end - 1] === CR && (lf >= 0 || !last)) end--;
    // Cut only where more of the line is sure to follow: no record is left over for a bare line end.
    for (; end - at > maxLineBytes && count < maxRecords; split++) add(at + maxLineBytes);
    if (!whole || count === maxRecords) break;
    add(end);
    at = lf < 0 ? length : lf + 1;
  }
  return { count, end: at, split };
}
