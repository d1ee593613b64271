import type { Chunk } from '@logcatch/plugin-api';
import { bytewise } from './encoding.ts';
import type { Framed, Framer, Stretch } from './framer.ts';
import type { Joining } from './joining.ts';

/** A record is one or more lines that follow each other: it reaches from the first one to the last, and nothing is copied. */
export class Multiline implements Framer {
  readonly longest: number;
  readonly timeout: number;
  readonly #lines: Framer;
  readonly #joining: Joining;

  constructor(lines: Framer, joining: Joining) {
    this.#lines = lines;
    this.#joining = joining;
    this.longest = Math.max(lines.longest, joining.maxBytes + 1);
    this.timeout = joining.timeout;
  }

  /** Puts the records in place of the lines that they are made of. */
  frame(chunk: Chunk, stretch: Stretch): Framed {
    const { base, to, last, quiet, encoding = bytewise } = stretch;
    const { maxBytes, maxLines, begins, completes } = this.#joining;
    const maxRecords = this.#joining.maxRecords();
    const lines = this.#lines.frame(chunk, stretch);
    const { bytes, starts, ends } = chunk;
    let count = 0;
    let limited = 0;
    /** The first line of the record that is held, and how many it has. */
    let first = 0;
    let length = 0;
    /** Where the line before this one ends. */
    let before = lines.begun ? starts[0]! : -1;
    const close = (end: number) => {
      starts[count] = starts[first]!;
      ends[count++] = end;
      length = 0;
    };
    for (let i = 0; i < lines.count; i++) {
      const start = starts[i]!;
      const end = ends[i]!;
      const next = i + 1 < lines.count ? starts[i + 1]! : lines.end;
      // A part of a line that is too long is a record of its own.
      const cut = start === before || (end === next && (i + 1 < lines.count || end < to));
      const text = cut ? '' : encoding.text(bytes, start, end);
      if (length > 0) {
        const full = length === maxLines || next - starts[first]! > maxBytes;
        const begun = cut || begins(text);
        if (full && !begun) limited++;
        if (full || begun) close(before);
      }
      if (length === 0 && count === maxRecords) {
        return { ...lines, count, end: start, more: true, flaws: flawsOf(lines, limited) };
      }
      if (length++ === 0) first = i;
      before = end;
      if (cut || completes(text)) close(end);
    }
    const flaws = flawsOf(lines, limited);
    // Whatever the next line will be, it makes the record too long.
    const over = last || base + to <= quiet || (length > 0 && to - starts[first]! > maxBytes);
    if (length > 0 && over && !lines.more) close(before);
    if (length === 0) return { ...lines, count, flaws };
    return { ...lines, count, end: starts[first]!, held: to, flaws };
  }
}

function flawsOf({ flaws }: Framed, limited: number): Framed['flaws'] {
  return limited > 0 ? { ...flaws, limited } : flaws;
}
