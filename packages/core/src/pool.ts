import type { Buffers, Chunk } from '@logcatch/plugin-api';

const smallest = 4096;
const largest = 1 << 20;

interface Waiter {
  readonly bytes: number;
  readonly resolve: (chunk: PooledChunk) => void;
}

/**
 * Chunks in size classes of powers of two, counted under one byte budget for the whole process. What is free stays
 * allocated as long as free and used together are within the budget, so memory is bounded by it.
 */
export class BufferPool implements Buffers {
  readonly largest = largest;
  /** Bytes that may be out at once. A smaller one takes effect as chunks come back. */
  budget: number;
  readonly #poison: boolean;
  readonly #free = new Map<number, PooledChunk[]>();
  readonly #waiters: Waiter[] = [];
  #used = 0;
  #spare = 0;

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
    const free = this.#free.get(size)?.pop();
    this.#used += size;
    if (free) {
      this.#spare -= size;
      free.out = true;
      return free;
    }
    this.#shrink();
    return new PooledChunk(this, size);
  }

  /** Called by {@link PooledChunk.release}. */
  restore(chunk: PooledChunk): void {
    const size = chunk.bytes.length;
    this.#used -= size;
    if (this.#poison) chunk.bytes.fill(0xdb);
    if (size <= largest && this.#used + this.#spare + size <= this.budget) {
      const free = this.#free.get(size);
      if (free) free.push(chunk);
      else this.#free.set(size, [chunk]);
      this.#spare += size;
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

  /** Lets go of spare chunks of other sizes until what is allocated is within the budget. */
  #shrink(): void {
    for (const [size, free] of this.#free) {
      while (free.length > 0 && this.#used + this.#spare > this.budget) {
        free.pop();
        this.#spare -= size;
      }
    }
  }
}

class PooledChunk implements Chunk {
  readonly bytes: Buffer;
  starts = new Uint32Array(0);
  ends = new Uint32Array(0);
  out = true;
  readonly #pool: BufferPool;

  constructor(pool: BufferPool, size: number) {
    this.#pool = pool;
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  reserve(records: number): void {
    if (records <= this.starts.length) return;
    const length = Math.max(records, this.starts.length * 2, 64);
    this.starts = grown(this.starts, length);
    this.ends = grown(this.ends, length);
  }

  sibling(bytes: number): Chunk {
    return this.#pool.take(bytes);
  }

  release(): void {
    if (!this.out) throw new Error('a chunk was released twice');
    this.out = false;
    this.#pool.restore(this);
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
