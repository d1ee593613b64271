import { dirname } from 'node:path';
import { Batch, type Buffers, type Source, type SourceMeta, type Sources } from '@logcatch/plugin-api';
import { lookAt, type OpenedFile, type OpenFile, openFile, readHead } from '../identity/file.ts';
import { fileKey, fingerprint, headBytes, headMatches } from '../identity/identity.ts';
import type { Clock } from '../machine/clock.ts';
import type { Disk, Extent, FileStat, Handle } from '../machine/disk.ts';
import type { HandleTable, Holder } from '../process/handle-table.ts';
import type { Lane, ReadSlots } from '../process/read-slots.ts';
import { type Framing, frame } from './lines.ts';

/** Bytes of one read of a backlog: long enough to make the cost per read vanish, short enough for fair turns. */
const backlogRead = 512 << 10;
const smallestRead = 4 << 10;
/** Bytes before the position that are read again, to see that they are still the same: more than a line in most logs. */
const contextBytes = 256;

/** What every read needs. */
export interface Reading {
  readonly buffers: Buffers;
  readonly clock: Pick<Clock, 'now'>;
  readonly framing: Framing;
  readonly slots: ReadSlots;
  /** A record was cut off a line that is too long. */
  split(tail: Tail, records: number, position: number): void;
}

/** What a tail lives in. */
export interface TailPlace {
  readonly disk: Disk;
  readonly handles: HandleTable;
  readonly sources: Pick<Sources, 'grown' | 'remember'>;
}

export interface TailStart {
  /** It is read to its end once. */
  readonly once: boolean;
  /** When bytes were last added, by the clock. */
  readonly grewAt: number;
}

/**
 * One file that is read. It goes by its handle, so renames do not concern it; without one (parked) it goes by its path, and
 * by the inode there. Its only state is a position; each read starts there, and bytes that make no whole line yet are read
 * again.
 */
export class Tail implements Holder {
  readonly key: string;
  source: Source;
  paused = false;
  /** Records cut off lines that are too long. */
  splits = 0;
  /** Nothing more is expected: what follows the last line end is a record too. */
  finishing: boolean;
  /** When it lost its path; `undefined` while it has one. */
  lostAt: number | undefined;
  /** When bytes were last seen to be added. */
  grewAt: number;
  /** When it was found: milliseconds since 1970 at which its content was last changed. */
  readonly modified: number;
  /** The file is shorter than it was, or does not hold the same bytes: what comes is another content. */
  overwritten = false;
  /** It is parked, and its path does not lead to it. */
  missing = false;
  /** Why it cannot be read, until that is tried again. */
  broken: unknown;
  readonly #place: TailPlace;
  #path: string;
  #folder: string;
  #linked: boolean;
  #handle: Handle | undefined;
  #meta: SourceMeta;
  #position: number;
  /** The largest size seen. */
  #size: number;
  /** When its content was changed last, as seen with the size. */
  #modified: number;
  /** It was changed and has not grown: perhaps it was overwritten. */
  #suspect = false;
  /** Up to here the bytes are known to make no further record. */
  #searched: number;
  /** The bytes before the position; unknown before the first read. */
  #context: Buffer | undefined;
  /** Bytes a chunk must have, after one was too short for a line. */
  #longest = 0;
  /** Changes when a read in flight is no longer wanted. */
  #turn = 0;
  #opening: Promise<Handle> | undefined;
  /** Uses of the handle in flight. */
  #using = 0;
  #closed = false;
  #earlier: Tail | undefined;
  #later: Tail | undefined;

  constructor(place: TailPlace, file: OpenFile, source: Source, { once, grewAt }: TailStart) {
    const { facts, handle, meta } = file;
    this.key = fileKey(facts);
    this.source = source;
    this.finishing = once;
    this.grewAt = grewAt;
    this.modified = this.#modified = facts.modified;
    this.#place = place;
    this.#path = facts.path;
    this.#folder = dirname(facts.path);
    this.#linked = place.disk.realPath(facts.path) !== facts.path;
    this.#handle = handle;
    this.#meta = meta;
    this.#position = this.#searched = source.position;
    this.#size = Math.max(facts.size, source.position);
    if (handle) place.handles.hold(this);
    place.sources.grown(source, this.#size);
  }

  /** Whether this is what was seen of it last. */
  isAsSeen({ size, modified }: Extent): boolean {
    return size === this.#size && modified === this.#modified;
  }

  /** Where its file is now, as far as is known. */
  get path(): string {
    return this.#path;
  }

  get folder(): string {
    return this.#folder;
  }

  /** Its path goes through a link: what happens to the file is not told in the folder of the path. */
  get linked(): boolean {
    return this.#linked;
  }

  /** A link leads to another file now, or to none. */
  get retargeted(): boolean {
    return this.#linked && this.lostAt === undefined && !this.parked && this.#atPath() === undefined;
  }

  /** Where the next batch begins. */
  get position(): number {
    return this.#position;
  }

  get size(): number {
    return this.#size;
  }

  /** It has no handle. */
  get parked(): boolean {
    return this.#handle === undefined;
  }

  get spare(): boolean {
    return this.#using === 0 && this.lostAt === undefined;
  }

  /** All of it was read, and what was read is delivered. */
  get settled(): boolean {
    return !this.unread && this.source.position >= this.#position;
  }

  /** Whether a read can give something, and it is its turn. */
  get ready(): boolean {
    return (
      this.unread && !this.paused && !this.broken && !this.overwritten && !this.missing && !this.#closed && !this.waits
    );
  }

  /** It goes on where another file ends, which is not read to its end yet. */
  get waits(): boolean {
    return this.#earlier?.holdsUp === true;
  }

  get lane(): Lane {
    return this.#size - this.#position > backlogRead ? 'backlog' : 'live';
  }

  /** The tail that goes on where this one ends, once this one has nothing to read. */
  get later(): Tail | undefined {
    return this.#later;
  }

  /** Lines that were written before those of the next file at its path are still to be read. */
  get holdsUp(): boolean {
    return !this.#closed && !this.broken && !this.missing && (this.unread || this.#earlier?.holdsUp === true);
  }

  /** It is the next file at the path of this one: that is read first. */
  follow(earlier: Tail): void {
    this.#earlier = earlier;
    earlier.#later = this;
  }

  /** Whether there are bytes that can make a record. */
  get unread(): boolean {
    return this.#size > this.#searched || this.#suspect;
  }

  /** Bytes that were seen and not read. */
  get behind(): number {
    return this.#size - this.#position;
  }

  /** Whether an opened file is the one it reads: without a handle, the inode number can have been given to another one. */
  recognises({ facts }: OpenFile): boolean {
    const { birth } = this.#meta;
    if (fileKey(facts) !== this.key) return false;
    if (birth != null && facts.birth !== null) return birth === String(facts.birth);
    return facts.size >= this.#position && headMatches(facts.head, this.#meta) !== false;
  }

  /** Its file is here now. */
  moveTo(path: string): void {
    this.#path = path;
    this.#folder = dirname(path);
    this.#linked = this.#place.disk.realPath(path) !== path;
    this.missing = false;
  }

  /** Looks whether the file has grown. @throws what the file system says */
  observe(now: number): void {
    const extent = this.#handle ? this.#handle.extent() : this.#atPath();
    if (!extent) {
      this.missing = true;
      return;
    }
    const { size, modified } = extent;
    if (size < this.#size) this.overwritten = true;
    else if (size > this.#size) {
      this.#grow(size, now);
      if (this.lostAt !== undefined) this.finishing = false;
    } else if (modified !== this.#modified) this.#suspect = true;
    this.#modified = modified;
  }

  /** Whether the file has no name left at all, as far as is known. */
  get deleted(): boolean {
    return this.#handle ? this.#handle.deleted() : this.missing;
  }

  /** What follows the last line end is to be read now. */
  finish(): void {
    this.finishing = true;
    this.#searched = this.#position;
  }

  rewind(position: number): void {
    this.#turn++;
    this.#position = this.#searched = position;
    this.#context = undefined;
    this.#longest = 0;
  }

  /** Goes on at the beginning of new content in the same file, with a source of its own. */
  restart(source: Source, file: OpenedFile, now: number): void {
    this.rewind(0);
    this.source = source;
    this.paused = this.overwritten = this.#suspect = false;
    this.#modified = file.facts.modified;
    this.#meta = file.meta;
    this.#grow(file.facts.size, now);
  }

  /** The file as it is now. */
  async look(): Promise<OpenedFile> {
    return this.#use(async (handle) => lookAt(this.#path, handle));
  }

  /**
   * The next batch, or `null` when the bytes there are make none, or when it was paused, rewound or closed meanwhile.
   * @throws what the file system says; the signal's reason
   */
  async read({ buffers, clock, framing, slots, split }: Reading, signal: AbortSignal): Promise<Batch | null> {
    const turn = this.#turn;
    const unwanted = () => turn !== this.#turn || this.paused || this.#closed;
    const start = this.#position;
    const context = this.#context;
    // The byte before tells whether a line was left unfinished.
    const from = context?.length ?? Math.min(start, 1);
    const base = start - from;
    const chunk = await buffers.acquire(this.#chunkBytes(base, buffers.largest), signal);
    let kept = false;
    try {
      if (unwanted()) return null;
      const { bytes } = chunk;
      // As known before the read: the file may be seen to grow while it runs.
      const size = this.#size;
      const { handle, length: to } = await slots.use(this.lane, () =>
        this.#use(async (handle) => ({ handle, length: await handle.read(bytes, bytes.length, base) })),
      );
      signal.throwIfAborted();
      if (unwanted() || this.overwritten) return null;
      const full = to === bytes.length;
      const changed = context !== undefined && !context.equals(bytes.subarray(0, Math.min(from, to)));
      if (changed || (base + to < size && !full)) this.overwritten = true;
      else {
        const head = base === 0 ? bytes.subarray(0, Math.min(to, headBytes)) : undefined;
        if (this.#suspect || !context) await this.#checkHead(handle, head);
        await this.#growFingerprint(handle, head, base + to);
      }
      this.#suspect = false;
      if (unwanted() || this.overwritten) return null;

      const inside = from > 0 && bytes[from - 1] !== 10;
      const stretch = { from, to, inside, last: this.finishing && !full };
      const framed = frame(chunk, stretch, framing);
      const { count, end } = framed;
      if (base + to > this.#size) this.#grow(base + to, clock.now());
      this.#searched = full || framed.more ? base + end : base + to;
      if (end === from) {
        if (full) this.#longest = framing.maxLineBytes + from + 3;
        return null;
      }
      this.#longest = 0;
      this.#position = base + end;
      this.#context = Buffer.from(bytes.subarray(Math.max(0, end - contextBytes), end));
      if (framed.split > 0) split(this, framed.split, start);
      kept = true;
      return new Batch({ source: this.source, chunk, count, start, end: base + end, base });
    } finally {
      if (!kept) chunk.release();
    }
  }

  /** Lets go of the handle; the next read opens the file again. */
  async release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#place.handles.drop(this);
    await handle?.close();
  }

  park(): void {
    // A handle that was only read from closes without fail.
    void this.release();
  }

  /** For good. A read in flight gives nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#later) this.#later.#earlier = this.#earlier;
    if (this.#earlier) this.#earlier.#later = this.#later;
    this.#earlier = this.#later = undefined;
    await this.release();
  }

  #atPath(): FileStat | undefined {
    const stat = this.#place.disk.stat(this.#path);
    if (!stat || fileKey(stat) !== this.key) return undefined;
    this.#checkBirth(stat);
    return stat;
  }

  /** Without a handle an inode number can have been given to another file. */
  #checkBirth({ birth }: { readonly birth: bigint | null }): void {
    if (birth !== null && this.#meta.birth != null && this.#meta.birth !== String(birth)) this.overwritten = true;
  }

  #grow(size: number, now: number): void {
    this.#size = size;
    this.grewAt = now;
    this.#place.sources.grown(this.source, size);
  }

  /** As much as is unread, within bounds. One byte more, so that a read that is not full has seen the end. */
  #chunkBytes(base: number, largest: number): number {
    const unread = Math.min(this.#size - base + 1, backlogRead);
    return Math.min(Math.max(unread, this.#longest, smallestRead), largest);
  }

  /** Meanwhile it is not parked. */
  async #use<T>(work: (handle: Handle) => Promise<T>): Promise<T> {
    this.#using++;
    try {
      return await work(await this.#opened());
    } finally {
      this.#using--;
    }
  }

  async #checkHead(handle: Handle, head: Buffer | undefined): Promise<void> {
    if (headMatches(head ?? (await readHead(handle)), this.#meta) === false) this.overwritten = true;
  }

  async #growFingerprint(handle: Handle, head: Buffer | undefined, size: number): Promise<void> {
    const known = Number(this.#meta.head_bytes ?? 0);
    if (known >= headBytes || size <= known) return;
    const bytes = head ?? (await readHead(handle));
    if (headMatches(bytes, this.#meta) === false) {
      this.overwritten = true;
      return;
    }
    // Right after a file was made, its birth time cannot be told from its change time.
    const birth = this.#meta.birth ?? handle.stat().birth?.toString() ?? null;
    this.#meta = { ...this.#meta, birth, head: fingerprint(bytes), head_bytes: bytes.length };
    this.#place.sources.remember(this.source, this.#meta);
  }

  async #opened(): Promise<Handle> {
    this.#place.handles.hold(this);
    if (this.#handle) return this.#handle;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<Handle> {
    const { handles, disk } = this.#place;
    try {
      const file = await openFile(disk, this.#path);
      if (fileKey(file.facts) === this.key && !this.#closed) {
        this.#checkBirth(file.facts);
        if (headMatches(file.facts.head, this.#meta) === false) this.overwritten = true;
        this.#handle = file.handle;
        return file.handle;
      }
      await file.handle.close();
    } catch (error) {
      handles.drop(this);
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EMFILE' || code === 'ENFILE') handles.exhausted();
      if (code !== 'ENOENT') throw error;
    }
    handles.drop(this);
    this.missing = true;
    throw new MissingFile(this.#path);
  }
}

/** Its path does not lead to the file any more. It may have been renamed while it was parked. */
export class MissingFile extends Error {
  constructor(path: string) {
    super(`${path} is another file now, or none`);
  }
}
