import { Batch, type Buffers, type Source, type Sources } from '@logcatch/plugin-api';
import { type Flaw, type Framed, type Framer, flawless } from '../framing/framer.ts';
import type { OpenedFile, OpenFile } from '../identity/file.ts';
import { headBytes, lastBytes } from '../identity/identity.ts';
import type { Clock } from '../machine/clock.ts';
import type { Extent } from '../machine/disk.ts';
import type { Holder } from '../process/handle-table.ts';
import type { Lane, ReadSlots } from '../process/read-slots.ts';
import { Held } from './held.ts';
import { type FilePlace, TailedFile } from './tailed-file.ts';

/** Bytes of one read of a backlog: long enough to make the cost per read vanish, short enough for fair turns. */
const backlogRead = 512 << 10;
const smallestRead = 4 << 10;

/** What every read needs. */
export interface Reading {
  readonly buffers: Buffers;
  readonly clock: Pick<Clock, 'now'>;
  readonly framer: Framer;
  readonly slots: ReadSlots;
  /** Not all went well with the records from a position on. */
  flawed(tail: Tail, framed: Pick<Framed, 'flaws' | 'unparsed'>, position: number): void;
}

/** What a tail lives in. */
export interface TailPlace extends Omit<FilePlace, 'holder'> {
  readonly sources: Pick<Sources, 'grown' | 'remember'>;
}

export interface TailStart {
  /** It is read to its end once. */
  readonly once: boolean;
  /** When bytes were last added, by the clock. */
  readonly grewAt: number;
}

/**
 * A file, and how far it was read. Its only state is a position; each read starts there, and bytes that make no whole line
 * yet are read again.
 */
export class Tail implements Holder {
  readonly file: TailedFile;
  /** Where it was found. */
  readonly origin: string;
  source: Source;
  paused = false;
  /** Hints came since it was last looked at. */
  hinted = false;
  /** Its last growth was told by a hint: the bytes were written on this machine a moment ago. */
  told = false;
  /** What did not go well with its records so far. */
  readonly flaws = new Map<Flaw, number>();
  /** Nothing more is expected: what follows the last line end is a record too. */
  finishing: boolean;
  /** When it lost its path; `undefined` while it has one. */
  lostAt: number | undefined;
  /** Its path leads elsewhere: only the handle leads to it. */
  strayed = false;
  /** Since when it is closed and not at its path; `undefined` while it is not so. */
  missingSince: number | undefined;
  /** When bytes were last seen to be added. */
  grewAt: number;
  /** When it was found: milliseconds since 1970 at which its content was last changed. */
  readonly modified: number;
  /** Why it cannot be read, until that is tried again. */
  broken: unknown;
  readonly #sources: TailPlace['sources'];
  #position: number;
  /** See {@link own}. */
  #own: number;
  /** The largest size seen. */
  #size: number;
  /** When its content was changed last, as seen with the size. */
  #modified: number;
  /** It was changed and has not grown: perhaps it was overwritten. */
  #suspect = false;
  /** Up to here the bytes are known to make no further record. */
  #searched: number;
  /** The bytes before the position, a character each (a buffer of its own is twice as large); unknown before the first read. */
  #context: string | undefined;
  #held: Held | undefined;
  /** The first two bytes of the file, as a number; 0 while it has less. */
  #beginning: number;
  /** Bytes a chunk must have, after one was too short for a line. */
  #longest = 0;
  /** Changes when a read in flight is no longer wanted. */
  #turn = 0;
  #earlier: Tail | undefined;
  #later: Tail | undefined;

  constructor(place: TailPlace, file: OpenFile, source: Source, { once, grewAt }: TailStart) {
    this.file = new TailedFile(file, { disk: place.disk, handles: place.handles, holder: this });
    this.source = source;
    this.origin = source.path;
    this.finishing = once || this.whole;
    this.grewAt = grewAt;
    this.modified = this.#modified = file.facts.modified;
    this.#sources = place.sources;
    this.#position = this.#searched = source.position;
    this.#own = file.facts.size;
    this.#size = Math.max(file.facts.size, source.position);
    this.#beginning = beginningOf(file.facts.head);
    place.sources.grown(source, this.#size);
  }

  /** Nothing is appended to it: it is an archive. */
  get whole(): boolean {
    return this.file.meta.archive !== undefined;
  }

  /** Nothing is read from it any more. */
  get closed(): boolean {
    return this.file.closed;
  }

  get key(): string {
    return this.file.key;
  }

  /** Where its file is now, as far as is known. */
  get path(): string {
    return this.file.path;
  }

  get folder(): string {
    return this.file.folder;
  }

  /** Where the next batch begins. */
  get position(): number {
    return this.#position;
  }

  get size(): number {
    return this.#size;
  }

  /** A link leads to another file now, or to none. */
  get retargeted(): boolean {
    const { linked, parked } = this.file;
    return linked && !parked && this.lostAt === undefined && this.file.displaced;
  }

  get spare(): boolean {
    return this.file.inUse === 0 && !this.strayed;
  }

  /** All of it was read, and what was read is delivered. */
  get settled(): boolean {
    return !this.unread && !this.#held && this.source.position >= this.#position;
  }

  /** The file is shorter than it was, or does not hold the same bytes: what comes is another content. */
  get overwritten(): boolean {
    return this.file.differs;
  }

  /** Whether a read can give something, and it is its turn. */
  get ready(): boolean {
    if (!this.unread || this.paused || this.broken || this.closed || this.waits) return false;
    return !this.file.differs && !this.file.missing;
  }

  /** It goes on where another file ends, which is not read to its end yet. */
  get waits(): boolean {
    return this.#earlier?.holdsUp === true;
  }

  get lane(): Lane {
    return this.#size - this.#position > backlogRead ? 'backlog' : 'live';
  }

  /** The tail of the file that was at its path before, until that is closed. */
  get earlier(): Tail | undefined {
    return this.#earlier;
  }

  /** The tail that goes on where this one ends, once this one has nothing to read. */
  get later(): Tail | undefined {
    return this.#later;
  }

  /** Lines that were written before those of the next file at its path are still to be read. */
  get holdsUp(): boolean {
    if (this.closed || this.broken || this.file.missing) return false;
    return this.unread || this.#held !== undefined || this.waits;
  }

  /** It is the next file at the path of this one: that is read first. */
  follow(earlier: Tail): void {
    this.#earlier = earlier;
    earlier.#later = this;
  }

  /** Whether there are bytes that can make a record. */
  get unread(): boolean {
    return this.#size > this.#searched || this.#suspect || this.#held?.due === true;
  }

  /** By the clock: when what is held is to be shipped if nothing is added to it; `undefined` = nothing is held. */
  get heldUntil(): number | undefined {
    return this.#held?.until;
  }

  /** Bytes that were seen and not read. */
  get behind(): number {
    return this.#size - this.#position;
  }

  /** How long the content was that it was last known to hold: growth that came with other content is not its own. */
  get own(): number {
    return Math.max(this.#position, this.#own);
  }

  /** Whether this is what was seen of it last. */
  isAsSeen({ size, modified }: Extent): boolean {
    return this.whole || (size === this.#size && modified === this.#modified);
  }

  /** Looks whether the file has grown. @throws what the file system says */
  observe(now: number): void {
    if (this.#held) this.#held.due = now >= this.#held.until;
    const extent = this.file.extent();
    this.file.missing = extent === undefined;
    if (!extent || this.whole) return;
    const { size, modified } = extent;
    if (size < this.#size) {
      this.file.differs = true;
      this.#own = this.#size;
    } else if (size > this.#size) {
      this.#grow(size, now);
      if (this.lostAt !== undefined) this.finishing = false;
    } else if (modified !== this.#modified) this.#suspect = true;
    this.#modified = modified;
  }

  /** What follows the last line end is to be read now. */
  finish(): void {
    this.finishing = true;
    this.#searched = this.#position;
  }

  rewind(position: number): void {
    this.#turn++;
    this.told = false;
    this.#position = this.#searched = position;
    this.#context = undefined;
    this.#longest = 0;
    this.#hold(undefined, 0);
  }

  /** Goes on at the beginning of new content in the same file, with a source of its own. */
  restart(source: Source, { facts, meta }: OpenedFile, now: number): void {
    this.rewind(0);
    this.source = source;
    this.paused = this.#suspect = false;
    this.#own = facts.size;
    this.#modified = facts.modified;
    this.#beginning = beginningOf(facts.head);
    this.file.renew(meta);
    this.#grow(facts.size, now);
  }

  /**
   * The next batch, or `null` when the bytes there are make none, or when it was paused, rewound or closed meanwhile.
   * @throws what the file system says; the signal's reason
   */
  async read({ buffers, clock, framer, slots, flawed }: Reading, signal: AbortSignal): Promise<Batch | null> {
    const turn = this.#turn;
    const unwanted = () => turn !== this.#turn || this.paused || this.closed;
    const start = this.#position;
    // What is before tells whether a line was left unfinished, and whether the file is still the same.
    // As far as it is remembered the beginning is read with the rest.
    const from = start <= headBytes ? start : (this.#context?.length ?? Math.min(start, lastBytes));
    const base = start - from;
    const chunk = await buffers.acquire(this.#chunkBytes(base, buffers.largest), signal);
    let kept = false;
    try {
      if (unwanted()) return null;
      const { bytes } = chunk;
      const to = await slots.use(this.lane, () => this.#readInto(bytes, base, from, unwanted));
      signal.throwIfAborted();
      if (to === undefined || unwanted()) return null;

      this.#own = this.#size;
      const full = to === bytes.length;
      if (base === 0) this.#beginning = beginningOf(bytes.subarray(0, to));
      const stretch = {
        base,
        from,
        to,
        last: this.finishing && !full,
        quiet: this.#held?.due ? this.#held.to : 0,
        beginning: this.#beginning,
      };
      const framed = framer.frame(chunk, stretch);
      const { count, end, more, held, flaws, offsets, columns } = framed;
      // A read that fills its chunk up to a line end has not seen whether there is more, and nobody may tell.
      const size = full ? Math.max(base + to, this.file.extent()?.size ?? 0) : base + to;
      if (size > this.#size) this.#grow(size, clock.now());
      this.#searched = full || more ? base + end : base + to;
      const waits = held !== undefined && !full && !more;
      this.#hold(waits ? base + held : undefined, framer.timeout);
      if (end === from) {
        if (full) this.#longest = framer.longest + from;
        return null;
      }
      this.#longest = 0;
      this.#position = base + end;
      this.#sources.remember(this.source, this.file.readTo(this.#position, this.#keepContext(bytes.subarray(0, end))));
      if (flaws !== flawless) flawed(this, framed, start);
      kept = true;
      const init = { source: this.source, chunk: framed.chunk ?? chunk, count, start, end: base + end, base };
      const batch = new Batch(offsets ? { ...init, offsets } : init);
      return columns ? batch.withColumns(columns) : batch;
    } finally {
      if (!kept) chunk.release();
    }
  }

  park(): void {
    // A handle that was only read from closes without fail.
    void this.file.release();
  }

  /** For good. A read in flight gives nothing. */
  async close(): Promise<void> {
    if (this.#later) this.#later.#earlier = this.#earlier;
    if (this.#earlier) this.#earlier.#later = this.#later;
    this.#earlier = this.#later = undefined;
    await this.file.close();
  }

  #keepContext(read: Buffer): Buffer {
    const last = read.subarray(-lastBytes);
    this.#context = last.toString('latin1');
    return last;
  }

  /** @param to up to where something is held */
  #hold(to: number | undefined, timeout: number): void {
    if (to === undefined) this.#held = undefined;
    else if (to !== this.#held?.to) this.#held = new Held(to, this.grewAt + timeout);
    else this.#held.due = false;
  }

  #grow(size: number, now: number): void {
    this.#size = size;
    this.grewAt = now;
    this.#sources.grown(this.source, size);
  }

  /** As much as is unread, within bounds. One byte more, so that a read that is not full has seen the end. */
  #chunkBytes(base: number, largest: number): number {
    const unread = Math.min(this.#size - base + 1, backlogRead);
    return Math.min(Math.max(unread, this.#longest, smallestRead), largest);
  }

  /**
   * Reads, and looks whether the file still is what was read before.
   * @returns how many bytes there are; `undefined` where they do not count: it is not, or it was paused, rewound or closed
   */
  async #readInto(bytes: Buffer, base: number, from: number, unwanted: () => boolean): Promise<number | undefined> {
    return this.file.use(async (handle) => {
      // As known before the read: the file may be seen to grow while it runs.
      const size = this.#size;
      const modified = this.#modified;
      const context = this.#context;
      const now = this.told && this.lane === 'live';
      const there = now ? handle.readNow(bytes, bytes.length, base) : undefined;
      const to = there ?? (await handle.read(bytes, bytes.length, base));
      if (unwanted() || this.file.differs) return undefined;
      const before = context && bytes.toString('latin1', from - context.length, Math.min(from, to));
      const changed = context !== before;
      if (changed || (base + to < size && to < bytes.length)) {
        this.file.differs = true;
        return undefined;
      }
      const head = base === 0 ? bytes.subarray(0, Math.min(to, headBytes)) : undefined;
      if (this.#suspect || !context) await this.file.checkHead(handle, head);
      if (unwanted()) return undefined;
      const meta = await this.file.grow(handle, head, base + to);
      if (unwanted() || this.file.differs) return undefined;
      if (meta) this.#sources.remember(this.source, meta);
      if (modified === this.#modified) this.#suspect = false;
      return to;
    });
  }
}

function beginningOf(head: Uint8Array): number {
  return head.length < 2 ? 0 : head[0]! * 256 + head[1]!;
}
