import type { Buffers, Chunk } from '@logcatch/plugin-api';

const smallest = 4096;
const largest = 1 << 20;

interface Waiter {
  readonly bytes: number;
  readonly resolve: (chunk: PooledChunk) => void;
}

/**
 * Chunks in size classes of powers of two, counted under one byte budget for the whole process. They are cut from slabs that are
 * never given back to the allocator one chunk at a time: freeing and allocating buffers of changing sizes leaves holes, and
 * the process grows to several times what it uses. A slab whose chunks have all come back serves any size again.
 */
export class BufferPool implements Buffers {
  readonly largest = largest;
  /** Bytes that may be out at once. A smaller one takes effect as chunks come back. */
  budget: number;
  readonly #poison: boolean;
  /** Slabs with free chunks, by size class; those without any chunk out are in `#idle`. */
  readonly #open = new Map<number, Set<Slab>>();
  #idle: Buffer[] = [];
  #slabs = 0;
  readonly #waiters: Waiter[] = [];
  #used = 0;

  /**
   * @param budget bytes that may be out at once
   * @param poison overwrite released chunks, so that a view kept too long shows: for tests
   */
  constructor(budget: number, poison = false) {
    this.budget = budget;
    this.#poison = poison;
  }

  /** Bytes of the chunks that are out. */
  get used(): number {
    return this.#used;
  }

  /** Bytes of the slabs. */
  get allocated(): number {
    return this.#slabs * largest;
  }

  acquire(bytes: number, signal: AbortSignal): Chunk | Promise<Chunk> {
    signal.throwIfAborted();
    if (this.#waiters.length === 0 && this.#fits(bytes)) return this.take(bytes);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        resolve: (chunk) => {
          signal.removeEventListener('abort', abort);
          resolve(chunk);
        },
      };
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason);
        this.#serve();
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** A chunk at once, even beyond the budget. */
  take(bytes: number): PooledChunk {
    const size = sizeClass(bytes);
    this.#used += size;
    if (size > largest) return new PooledChunk(this, undefined, Buffer.allocUnsafeSlow(size));
    const open = this.#open.get(size) ?? new Set<Slab>();
    this.#open.set(size, open);
    const slab = open.values().next().value ?? this.#newSlab(size);
    const chunk = slab.free.pop() ?? new PooledChunk(this, slab, slab.cut());
    if (slab.full) open.delete(slab);
    else open.add(slab);
    chunk.out = true;
    return chunk;
  }

  /** Called by {@link PooledChunk.release}. */
  restore(chunk: PooledChunk, slab: Slab | undefined): void {
    this.#used -= chunk.bytes.length;
    if (this.#poison) chunk.bytes.fill(0xdb);
    if (slab) {
      const open = this.#open.get(slab.size)!;
      slab.free.push(chunk);
      if (!slab.unused) open.add(slab);
      else {
        open.delete(slab);
        // One beyond the budget goes back to the allocator.
        if (this.allocated <= this.budget) this.#idle.push(slab.bytes);
        else this.#slabs--;
      }
    }
    this.#serve();
  }

  /** Chunks larger than the budget are given out when nothing else is. */
  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + sizeClass(bytes) <= this.budget;
  }

  #serve(): void {
    while (this.#waiters.length > 0 && this.#fits(this.#waiters[0]!.bytes)) {
      const { bytes, resolve } = this.#waiters.shift()!;
      resolve(this.take(bytes));
    }
  }

  #newSlab(size: number): Slab {
    const bytes = this.#idle.pop();
    if (!bytes) this.#slabs++;
    return new Slab(bytes ?? Buffer.allocUnsafeSlow(largest), size);
  }
}

/** A buffer that is cut into chunks of one size. */
class Slab {
  readonly bytes: Buffer;
  readonly size: number;
  readonly free: PooledChunk[] = [];
  #cut = 0;

  constructor(bytes: Buffer, size: number) {
    this.bytes = bytes;
    this.size = size;
  }

  get full(): boolean {
    return this.free.length === 0 && this.#cut === this.bytes.length;
  }

  /** No chunk of it is out. */
  get unused(): boolean {
    return this.free.length * this.size === this.#cut;
  }

  cut(): Buffer {
    const start = this.#cut;
    this.#cut += this.size;
    return this.bytes.subarray(start, this.#cut);
  }
}

class PooledChunk implements Chunk {
  readonly bytes: Buffer;
  starts = new Uint32Array(0);
  ends = new Uint32Array(0);
  out = true;
  readonly #pool: BufferPool;
  readonly #slab: Slab | undefined;
  /** The chunk that it was made from, directly or not. */
  #first: PooledChunk | undefined;
  #siblings: PooledChunk[] = [];

  constructor(pool: BufferPool, slab: Slab | undefined, bytes: Buffer) {
    this.#pool = pool;
    this.#slab = slab;
    this.bytes = bytes;
  }

  reserve(records: number): void {
    if (records <= this.starts.length) return;
    const length = Math.max(records, this.starts.length * 2, 64);
    this.starts = grown(this.starts, length);
    this.ends = grown(this.ends, length);
  }

  sibling(bytes: number): Chunk {
    const chunk = this.#pool.take(bytes);
    chunk.#first = this.#first ?? this;
    chunk.#first.#siblings.push(chunk);
    return chunk;
  }

  release(): void {
    if (!this.out) throw new Error('a chunk was released twice');
    // Batches on a sibling and on the first may share each other's memory: the family goes together.
    if (this.#first) {
      this.#first.release();
      return;
    }
    for (const sibling of this.#siblings) sibling.#restore();
    this.#siblings = [];
    this.#restore();
  }

  #restore(): void {
    this.out = false;
    this.#first = undefined;
    this.#pool.restore(this, this.#slab);
  }
}

function grown(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length);
  longer.set(column);
  return longer;
}

function sizeClass(bytes: number): number {
  if (bytes > largest) return bytes;
  return bytes <= smallest ? smallest : 2 ** Math.ceil(Math.log2(bytes));
}
