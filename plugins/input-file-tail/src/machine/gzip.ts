import { createGunzip, type Gunzip } from 'node:zlib';
import { lastBytes } from '../identity/identity.ts';
import type { Extent, FileStat, Handle } from './disk.ts';

/** Compressed bytes that are given to zlib at once. They become a thousand times as many at most: so much is in memory. */
const portion = 4 << 10;
/** Bytes at the beginning that are kept, as they are looked at again and again. */
const kept = 1 << 10;

/** What a gzip file is known to hold. */
export interface Contents {
  /** Bytes, decompressed, as far as it can be. */
  readonly length: number;
  /** Why it cannot be decompressed any further. */
  readonly fault: string | undefined;
  /** How many of its own bytes cannot be, at most; 0 where it is cut off. */
  readonly rest: number;
  /** What it holds before its end, and before each of the offsets that were asked for: at most {@link lastBytes}. */
  readonly before: ReadonlyMap<number, Uint8Array>;
}

/** What is known of a gzip file. */
export interface Archive extends Contents {
  /** Its own size and time: with others it is another one. */
  readonly stamp: string;
  /** Its own size. */
  readonly bytes: number;
}

/** Decompresses a file once, from its beginning on. */
class Inflation {
  /** Why it ended before its end. */
  fault: string | undefined;
  readonly #file: Handle;
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: 64 << 10 });
  readonly #input = Buffer.allocUnsafe(portion);
  #output: Buffer[] = [];
  #position = 0;
  #ended = false;
  #answered = () => {};

  constructor(file: Handle) {
    this.#file = file;
    this.#gunzip.on('data', (bytes: Buffer) => this.#output.push(bytes));
    this.#gunzip.on('end', () => this.#end());
    this.#gunzip.on('error', ({ message }) => {
      this.fault = message;
      this.#end();
    });
  }

  /** Bytes of the file that were decompressed, but for a portion. */
  get taken(): number {
    return this.#gunzip.bytesWritten;
  }

  /** The next bytes; `undefined` at the end. */
  async next(): Promise<Buffer | undefined> {
    while (this.#output.length === 0 && !this.#ended) {
      const length = await this.#file.read(this.#input, portion, this.#position);
      this.#position += length;
      await this.#give(length);
    }
    return this.#output.shift();
  }

  close(): void {
    this.#gunzip.destroy();
  }

  /** Resolves when zlib has taken so much of the input, or takes no more; of nothing, when all of its output is there. */
  #give(length: number): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      if (this.#ended) resolve();
      else if (length > 0) this.#gunzip.write(this.#input.subarray(0, length), () => resolve());
      else this.#gunzip.end();
    });
  }

  /** What follows damage, or the zero bytes that a disk or a tape has added, zlib leaves without an answer. */
  #end(): void {
    this.#ended = true;
    this.#answered();
  }
}

/** The first bytes of what a gzip file holds. */
export async function headOf(file: Handle): Promise<Buffer> {
  const inflation = new Inflation(file);
  let head = Buffer.alloc(0);
  try {
    while (head.length < kept) {
      const bytes = await inflation.next();
      if (!bytes) break;
      head = Buffer.concat([head, bytes.subarray(0, kept - head.length)]);
    }
    return head;
  } finally {
    inflation.close();
  }
}

/** Reads a gzip file through, for as long as that is wanted, and looks at what it holds before some offsets. */
export async function contentsOf(file: Handle, ends: Iterable<number> = [], signal?: AbortSignal): Promise<Contents> {
  const inflation = new Inflation(file);
  const before = new Map<number, Uint8Array>();
  const places = [...ends].sort((a, b) => b - a);
  let length = 0;
  let last: Uint8Array = Buffer.alloc(0);
  try {
    for (let bytes = await inflation.next(); bytes && !signal?.aborted; bytes = await inflation.next()) {
      const behind = (end: number) => {
        const to = end - length;
        return Buffer.concat([last, bytes!.subarray(Math.max(0, to - lastBytes), to)]).subarray(-lastBytes);
      };
      while (places.length > 0 && places.at(-1)! <= length + bytes.length) {
        const end = places.pop()!;
        before.set(end, behind(end));
      }
      last = behind(length + bytes.length);
      length += bytes.length;
    }
    const { fault, taken } = inflation;
    return { length, fault, rest: fault ? file.stat().size - taken : 0, before: before.set(length, last) };
  } finally {
    inflation.close();
  }
}

/**
 * A gzip file as if it was what it holds. Reading goes forward: what lies before the last read is decompressed again from the
 * beginning on.
 */
export class GzipHandle implements Handle {
  readonly archive: Archive;
  readonly #file: Handle;
  #inflation: Inflation | undefined;
  #head = Buffer.alloc(0);
  /** What was decompressed and may be asked for, and where it begins. */
  #ahead: Buffer[] = [];
  #start = 0;
  #end = 0;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(file: Handle, archive: Archive) {
    this.#file = file;
    this.archive = archive;
  }

  stat(): FileStat {
    return { ...this.#file.stat(), size: this.archive.length };
  }

  extent(): Extent {
    return { ...this.#file.extent(), size: this.archive.length };
  }

  deleted(): boolean {
    return this.#file.deleted();
  }

  /** One at a time. */
  read(into: Buffer, length: number, position: number): Promise<number> {
    const read = this.#reading.then(() => this.#read(into, length, position));
    this.#reading = read.catch(() => {});
    return read;
  }

  readNow(): undefined {
    return undefined;
  }

  realPath(): Promise<string | undefined> {
    return this.#file.realPath();
  }

  async close(): Promise<void> {
    await this.#reading;
    this.#inflation?.close();
    await this.#file.close();
  }

  async #read(into: Buffer, length: number, position: number): Promise<number> {
    const to = Math.min(position + length, this.archive.length);
    if (to <= position) return 0;
    if (to <= this.#head.length) return this.#head.copy(into, 0, position, to);
    if (!this.#inflation || position < this.#start) this.#restart();
    while (this.#end < to) {
      const bytes = await this.#inflation!.next();
      if (!bytes) break;
      if (this.#end < kept) this.#head = Buffer.concat([this.#head, bytes.subarray(0, kept - this.#head.length)]);
      this.#ahead.push(bytes);
      this.#end += bytes.length;
      this.#forget(position);
    }
    this.#forget(position);
    let copied = 0;
    let at = this.#start;
    for (const bytes of this.#ahead) {
      const from = Math.max(0, position - at);
      copied += bytes.copy(into, copied, from, Math.max(from, Math.min(bytes.length, to - at)));
      at += bytes.length;
    }
    return copied;
  }

  #restart(): void {
    this.#inflation?.close();
    this.#inflation = new Inflation(this.#file);
    this.#head = Buffer.alloc(0);
    this.#ahead = [];
    this.#start = this.#end = 0;
  }

  /** Nothing before this is asked for again soon. */
  #forget(position: number): void {
    while (this.#ahead[0] && this.#start + this.#ahead[0].length <= position)
      this.#start += this.#ahead.shift()!.length;
  }
}
