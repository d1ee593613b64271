import { type Chunk, DictionaryColumn } from '@logcatch/plugin-api';
import { type ContainerFormat, type ContainerLine, streamNames } from './container.ts';
import type { Framed, Framer, Stretch } from './framer.ts';
import type { Joining } from './joining.ts';
import { SliceColumn } from './slice-column.ts';

const LF = 10;
const none = -1;

/**
 * The text of programs out of the lines of a container runtime. Parts of a line are put together, and lines to records, for each
 * of the two streams on its own: they come mixed. So a batch ends where no record reaches over.
 */
export class Streams implements Framer {
  readonly longest: number;
  readonly timeout: number;
  readonly #lines: Framer;
  readonly #format: ContainerFormat;
  readonly #whyNot: (text: string) => string | undefined;
  readonly #joining: Joining;
  readonly #scratch = new Scratch();

  /** @param whyNot why a line is not of the format */
  constructor(
    lines: Framer,
    [format, whyNot]: [format: ContainerFormat, whyNot: (text: string) => string | undefined],
    joining: Joining,
  ) {
    this.#lines = lines;
    this.#format = format;
    this.#whyNot = whyNot;
    this.#joining = joining;
    this.longest = Math.max(lines.longest, joining.maxBytes + 1);
    this.timeout = joining.timeout;
  }

  frame(chunk: Chunk, stretch: Stretch): Framed {
    const lines = this.#lines.frame(chunk, stretch);
    if (lines.count === 0) return lines;
    this.#scratch.reserve(lines.count);
    const records = this.#join(chunk, stretch, lines);
    const flaws = this.#flaws(lines, records.count, chunk, stretch.base);
    return { ...lines, ...records, ...flaws, ...this.#write(chunk, stretch, records.count) };
  }

  #join({ bytes, starts, ends }: Chunk, { base, to, last, quiet }: Stretch, lines: Framed) {
    const { maxBytes, maxLines, begins, completes, looks } = this.#joining;
    const scratch = this.#scratch;
    const { first, final, reach, next, stream } = scratch;
    /** The record that is held of each stream, and how many whole lines it has. */
    const held = [none, none, none];
    const lengths = [0, 0, 0];
    let count = 0;
    let before = lines.begun ? starts[0]! : none;
    for (let i = 0; i < lines.count; i++) {
      const start = starts[i]!;
      const end = i + 1 < lines.count ? starts[i + 1]! : lines.end;
      const cut = start === before || (ends[i] === end && (i + 1 < lines.count || end < to));
      before = ends[i]!;
      const known = scratch.read(cut ? unknown : this.#format, bytes, i, start, before);
      const own = stream[i]!;
      const text = known && looks ? scratch.text(bytes, i) : '';
      const begun = known && held[own]! >= 0 && !scratch.partial[final[held[own]!]!] && begins(text);
      if (begun) held[own] = none;
      for (const each of [1, 2]) {
        const record = held[each]!;
        if (record < 0) continue;
        const isFull = each === own && lengths[own] === maxLines && !scratch.partial[final[record]!];
        if (!isFull && end - starts[first[record]!]! <= maxBytes) continue;
        scratch.tooLong[record] = 1;
        held[each] = none;
      }
      if (!known) {
        scratch.begin(count, i);
        reach[count++] = end;
        continue;
      }
      if (held[own]! < 0) {
        held[own] = count;
        lengths[own] = 0;
        scratch.begin(count++, i);
      } else next[final[held[own]!]!] = i;
      final[held[own]!] = i;
      reach[held[own]!] = end;
      if (scratch.partial[i]) continue;
      lengths[own]!++;
      if (completes(text)) held[own] = none;
    }
    for (const id of [1, 2]) {
      const open = held[id]!;
      if (open < 0 || lines.more) continue;
      if (last || base + reach[open]! <= quiet || to - starts[first[open]!]! > maxBytes) held[id] = none;
    }
    const open = Math.min(...held.filter((record) => record >= 0), count);
    const records = this.#upTo(open, count, starts, lines);
    // So many lines, and all of them belong to one record, or stand in the midst of it.
    return records.count === 0 && lines.more ? this.#upTo(count, count, starts, lines) : records;
  }

  /** The records up to the one that is held, as far as none reaches over into what is read again. */
  #upTo(open: number, count: number, starts: Uint32Array, lines: Framed) {
    const { first, reach } = this.#scratch;
    const maxRecords = this.#joining.maxRecords();
    let whole = 0;
    let end = starts[first[0]!]!;
    let reached = 0;
    for (let record = 0; record < open; record++) {
      reached = Math.max(reached, reach[record]!);
      const next = record + 1 < count ? starts[first[record + 1]!]! : lines.end;
      if (reached > next) continue;
      if (record >= maxRecords && whole > 0) return { count: whole, end, more: true };
      whole = record + 1;
      end = next;
    }
    return open < count ? { count: whole, end, held: reach[open]! } : { count: whole, end };
  }

  #flaws(
    { flaws }: Framed,
    count: number,
    { bytes, starts, ends }: Chunk,
    base: number,
  ): Pick<Framed, 'flaws' | 'unparsed'> {
    const { first, stream, tooLong } = this.#scratch;
    let long = 0;
    let unparsed = 0;
    let odd = none;
    for (let record = 0; record < count; record++) {
      if (tooLong[record]) long++;
      if (stream[first[record]!] !== 0) continue;
      if (unparsed++ === 0) odd = first[record]!;
    }
    if (long + unparsed === 0) return { flaws };
    const counted = { ...flaws, ...(unparsed > 0 && { unparsed }), ...(long > 0 && { [this.#joining.tooLong]: long }) };
    if (odd === none) return { flaws: counted };
    const why = this.#whyNot(bytes.toString('utf8', starts[odd], ends[odd])) ?? 'it is not whole';
    return { flaws: counted, unparsed: { position: base + starts[odd]!, why } };
  }

  /** Where no record is put together, and nothing is escaped, the texts stay where they are. */
  #write(chunk: Chunk, { base }: Stretch, count: number): Partial<Framed> {
    const { bytes, starts, ends } = chunk;
    const scratch = this.#scratch;
    const { first, next, stream } = scratch;
    const offsets = new Float64Array(count);
    const streams = new Uint32Array(count);
    const times = new Uint32Array(2 * count);
    let size = 0;
    let inPlace = true;
    for (let record = 0; record < count; record++) {
      const line = first[record]!;
      offsets[record] = base + starts[line]!;
      streams[record] = stream[line]!;
      times[2 * record] = scratch.timeStart[line]!;
      times[2 * record + 1] = scratch.timeEnd[line]!;
      for (let part = line; part !== none; part = next[part]!) {
        size += scratch.roomFor(part) + 1;
        inPlace &&= !scratch.escaped[part] && next[part] === none;
      }
    }
    const columns = [
      ['stream', new DictionaryColumn(streamNames, streams)],
      ['time', new SliceColumn(bytes, times)],
    ] as const;
    if (inPlace) {
      for (let record = 0; record < count; record++) {
        const line = first[record]!;
        starts[record] = scratch.start[line]!;
        ends[record] = scratch.end[line]!;
      }
      return { offsets, columns };
    }
    const out = chunk.sibling(size);
    out.reserve(count);
    let at = 0;
    for (let record = 0; record < count; record++) {
      out.starts[record] = at;
      for (let part = first[record]!; part !== none; part = next[part]!) {
        at = scratch.copy(bytes, part, out.bytes, at);
        if (next[part] !== none && !scratch.partial[part]) out.bytes[at++] = LF;
      }
      out.ends[record] = at;
    }
    return { chunk: out, offsets, columns };
  }
}

/** What is known of each line of a stretch, and of each record. It is used again for the next one. */
class Scratch {
  /** Of lines: 0 where there is none, else the number of the name and 1. */
  stream = new Uint8Array(0);
  partial = new Uint8Array(0);
  escaped = new Uint8Array(0);
  start = new Uint32Array(0);
  end = new Uint32Array(0);
  timeStart = new Uint32Array(0);
  timeEnd = new Uint32Array(0);
  /** The next line of its record. */
  next = new Int32Array(0);
  /** Of records: the first line, the last one, and where that ends. */
  first = new Uint32Array(0);
  final = new Uint32Array(0);
  reach = new Uint32Array(0);
  /** Its end is not its own. */
  tooLong = new Uint8Array(0);
  readonly #line: ContainerLine = {
    stream: 1,
    partial: false,
    start: 0,
    end: 0,
    escaped: false,
    timeStart: 0,
    timeEnd: 0,
  };

  reserve(lines: number): void {
    if (lines <= this.next.length) return;
    const length = Math.max(lines, 2 * this.next.length, 64);
    for (const flags of ['stream', 'partial', 'escaped', 'tooLong'] as const) this[flags] = new Uint8Array(length);
    for (const column of ['start', 'end', 'timeStart', 'timeEnd', 'first', 'final', 'reach'] as const) {
      this[column] = new Uint32Array(length);
    }
    this.next = new Int32Array(length);
  }

  begin(record: number, line: number): void {
    this.first[record] = this.final[record] = line;
    this.tooLong[record] = 0;
  }

  /** One that is not of the format is kept as it is. */
  read(format: ContainerFormat, bytes: Buffer, i: number, start: number, end: number): boolean {
    const line = this.#line;
    const known = format(bytes, start, end, line);
    this.stream[i] = known ? line.stream : 0;
    this.partial[i] = known && line.partial ? 1 : 0;
    this.escaped[i] = known && line.escaped ? 1 : 0;
    this.start[i] = known ? line.start : start;
    this.end[i] = known ? line.end : end;
    this.timeStart[i] = known ? line.timeStart : 0;
    this.timeEnd[i] = known ? line.timeEnd : 0;
    this.next[i] = none;
    return known;
  }

  text(bytes: Buffer, i: number): string {
    const text = bytes.toString('utf8', this.start[i], this.end[i]);
    return this.escaped[i] ? unescaped(text) : text;
  }

  /** What is escaped becomes shorter, but for bytes that are no UTF-8. */
  roomFor(i: number): number {
    return (this.end[i]! - this.start[i]!) * (this.escaped[i] ? 3 : 1);
  }

  /** @returns the place behind it */
  copy(bytes: Buffer, i: number, into: Buffer, at: number): number {
    if (this.escaped[i]) return at + into.write(this.text(bytes, i), at);
    return at + bytes.copy(into, at, this.start[i], this.end[i]);
  }
}

const unknown: ContainerFormat = () => false;

/** Of a JSON text without its quotes; as it is where that is none. */
function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return text;
  }
}
