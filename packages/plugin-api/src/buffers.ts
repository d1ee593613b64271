/**
 * Pooled memory. A chunk is one byte buffer with room for the columns of its records; the core counts every chunk
 * that is out under one byte budget (`max_bytes`), and takes it back when what it holds has settled.
 */
export interface Chunk {
  /** At least as long as was asked for. Not cleared. */
  readonly bytes: Buffer;
  /** Column of record starts, in bytes from the beginning of `bytes`. Grow it with {@link reserve}. */
  readonly starts: Uint32Array;
  /** Column of record ends (exclusive). */
  readonly ends: Uint32Array;
  /** Makes room for `records` entries in both columns, keeping what they hold. */
  reserve(records: number): void;
  /**
   * Another chunk of the same pool, at once, even beyond the budget: what is already being read must be able to finish. It
   * lives as long as the chunk it was made from.
   */
  sibling(bytes: number): Chunk;
  /**
   * Gives the chunk back, with all its siblings and what it is a sibling of. Only for chunks that never became part of a batch; the engine releases the
   * others.
   */
  release(): void;
}

/** Where inputs get chunks. */
export interface Buffers {
  /** The largest chunk there is, in bytes. */
  readonly largest: number;
  /**
   * A chunk of at least `bytes` (at most {@link largest}), waiting for the byte budget where it is used up. Waiting is the
   * backpressure: an input that waits reads nothing.
   * @throws the signal's reason when it aborts first
   */
  acquire(bytes: number, signal: AbortSignal): Chunk | Promise<Chunk>;
}
