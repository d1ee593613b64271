import { fstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Batch, type Buffers, type Source, type SourceMeta } from '@logcatch/plugin-api';
import { lookAt, type OpenFile, openFile, readHead } from './file.ts';
import { fileKey, fingerprint, headBytes, headMatches } from './identity.ts';
import { type Framing, frame } from './lines.ts';

/** Bytes of one read of a backlog: long enough to make the cost per read vanish, short enough for fair turns. */
const backlogRead = 512 << 10;
const smallestRead = 4 << 10;

/** What every read needs. */
export interface Reading {
  readonly buffers: Buffers;
  readonly framing: Framing;
  /** A record was cut off a line that is too long. */
  split(tail: Tail, records: number, position: number): void;
  /** The fingerprint of a short file has grown. */
  grew(tail: Tail, meta: SourceMeta): void;
}

/**
 * One open file. It goes by its handle, so renames do not concern it. Its only state is a position; each read starts
 * there, and bytes that make no whole line yet are read again.
 */
export class Tail {
  readonly key: string;
  /** Where its file is now, as far as is known. */
  path: string;
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
  /** When to look next whether it grew. */
  dueAt = 0;
  /** The file is shorter than it was, or begins with other bytes: what comes is another content. */
  overwritten = false;
  /** Why it cannot be read, until that is tried again. */
  broken: unknown;
  #handle: FileHandle | undefined;
  #meta: SourceMeta;
  #position: number;
  /** The largest size seen. */
  #size: number;
  /** Up to here the bytes are known to make no further record. */
  #searched: number;
  /** The byte before the position is no LF; unknown before the first read. */
  #inside: boolean | undefined;
  /** Bytes a chunk must have, after one was too short for a line. */
  #longest = 0;
  /** Changes when a read in flight is no longer wanted. */
  #turn = 0;
  #closed = false;
  #earlier: Tail | undefined;
  #later: Tail | undefined;

  constructor(file: OpenFile, source: Source, init: { once: boolean; now: number }) {
    this.key = fileKey(file.facts);
    this.path = file.facts.path;
    this.source = source;
    this.finishing = init.once;
    this.grewAt = init.now;
    this.#handle = file.handle;
    this.#meta = file.meta;
    this.#position = this.#searched = source.position;
    this.#size = Math.max(file.facts.size, source.position);
  }

  /** Where the next batch begins. */
  get position(): number {
    return this.#position;
  }

  /** Whether a read can give something, and it is its turn. */
  get ready(): boolean {
    return this.unread && !this.paused && !this.broken && !this.overwritten && !this.#closed && !this.#earlier?.holdsUp;
  }

  /** The tail that goes on where this one ends, once this one has nothing to read. */
  get later(): Tail | undefined {
    return this.#later;
  }

  /** Lines that were written before those of the next file at its path are still to be read. */
  get holdsUp(): boolean {
    return !this.#closed && !this.broken && (this.unread || this.#earlier?.holdsUp === true);
  }

  /** It is the next file at the path of this one: that is read first. */
  follow(earlier: Tail): void {
    this.#earlier = earlier;
    earlier.#later = this;
  }

  /** Whether there are bytes that can make a record. */
  get unread(): boolean {
    return this.#size > this.#searched;
  }

  /** Bytes that were seen and not read. */
  get behind(): number {
    return this.#size - this.#position;
  }

  /** Looks whether the file has grown. @throws what the file system says */
  observe(now: number): void {
    if (!this.#handle) return;
    const { size } = fstatSync(this.#handle.fd);
    if (size < this.#size) this.overwritten = true;
    else if (size > this.#size) {
      this.#size = size;
      this.grewAt = now;
      if (this.lostAt !== undefined) this.finishing = false;
    }
  }

  /** Whether the file has no name left at all. */
  get deleted(): boolean {
    return this.#handle !== undefined && fstatSync(this.#handle.fd).nlink === 0;
  }

  /** What follows the last line end is to be read now. */
  finish(): void {
    this.finishing = true;
    this.#searched = this.#position;
  }

  rewind(position: number): void {
    this.#turn++;
    this.#position = this.#searched = position;
    this.#inside = undefined;
    this.#longest = 0;
  }

  /** Goes on at the beginning of new content in the same file, with a source of its own. */
  restart(source: Source, file: OpenFile, now: number): void {
    this.rewind(0);
    this.source = source;
    this.paused = this.overwritten = false;
    this.grewAt = now;
    this.#meta = file.meta;
    this.#size = file.facts.size;
  }

  /** The file as it is now. */
  async look(): Promise<OpenFile> {
    return lookAt(this.path, await this.#opened());
  }

  /**
   * The next batch, or `null` when the bytes there are make none, or when it was paused, rewound or closed meanwhile.
   * @throws what the file system says; the signal's reason
   */
  async read({ buffers, framing, split, grew }: Reading, signal: AbortSignal): Promise<Batch | null> {
    const turn = this.#turn;
    const unwanted = () => turn !== this.#turn || this.paused || this.#closed;
    const start = this.#position;
    // The byte before tells whether a line was left unfinished; after the first read it is known.
    const from = start > 0 && this.#inside === undefined ? 1 : 0;
    const base = start - from;
    const chunk = await buffers.acquire(this.#chunkBytes(base, buffers.largest), signal);
    let kept = false;
    try {
      if (unwanted()) return null;
      const handle = await this.#opened();
      const { bytes } = chunk;
      // As known before the read: the file may be seen to grow while it runs.
      const size = this.#size;
      const { bytesRead: to } = await handle.read(bytes, 0, bytes.length, base);
      signal.throwIfAborted();
      if (unwanted()) return null;
      const full = to === bytes.length;
      if (base + to < size && !full) this.overwritten = true;
      else await this.#growFingerprint(handle, base === 0 ? bytes.subarray(0, to) : undefined, base + to, grew);
      if (unwanted() || this.overwritten) return null;

      const inside = from === 1 ? bytes[0] !== 10 : (this.#inside ?? false);
      const stretch = { from, to, inside, last: this.finishing && !full };
      const framed = frame(chunk, stretch, framing);
      const { count, end } = framed;
      this.#size = Math.max(this.#size, base + to);
      this.#searched = full || framed.more ? base + end : base + to;
      this.#inside = end > 0 ? bytes[end - 1] !== 10 : inside;
      if (end === from) {
        if (full) this.#longest = framing.maxLineBytes + 3;
        return null;
      }
      this.#longest = 0;
      this.#position = base + end;
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
    await handle?.close();
  }

  /** For good. A read in flight gives nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#later) this.#later.#earlier = undefined;
    this.#earlier = undefined;
    await this.release();
  }

  /** As much as is unread, within bounds. One byte more, so that a read that is not full has seen the end. */
  #chunkBytes(base: number, largest: number): number {
    const unread = Math.min(this.#size - base + 1, backlogRead);
    return Math.min(Math.max(unread, this.#longest, smallestRead), largest);
  }

  async #growFingerprint(
    handle: FileHandle,
    head: Buffer | undefined,
    size: number,
    grew: Reading['grew'],
  ): Promise<void> {
    const known = Number(this.#meta.head_bytes ?? 0);
    if (known >= headBytes || size <= known) return;
    const bytes = head?.subarray(0, headBytes) ?? (await readHead(handle));
    if (headMatches(bytes, this.#meta) === false) {
      this.overwritten = true;
      return;
    }
    this.#meta = { ...this.#meta, head: fingerprint(bytes), head_bytes: bytes.length };
    grew(this, this.#meta);
  }

  async #opened(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    const { handle, facts } = await openFile(this.path);
    if (fileKey(facts) === this.key && !this.#closed) {
      this.#handle = handle;
      return handle;
    }
    await handle.close();
    throw new Error(`${this.path} is another file now`);
  }
}
