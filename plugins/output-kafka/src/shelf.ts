const smallest = 16 * 1024;

/**
 * Buffers for record batches, in sizes of powers of two, used again and again: a fresh one for each would keep the garbage
 * collector busy and memory high.
 */
export class Shelf {
  readonly #limit: number;
  readonly #free = new Map<number, Buffer[]>();
  #bytes = 0;

  /** @param limit bytes that are kept for later at most */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A buffer of at least `bytes`, not cleared. */
  take(bytes: number): Buffer {
    let size = smallest;
    while (size < bytes) size *= 2;
    const buffer = this.#free.get(size)?.pop();
    if (!buffer) return Buffer.allocUnsafeSlow(size);
    this.#bytes -= size;
    return buffer;
  }

  /** For buffers of {@link take} that nobody uses any more. */
  give(buffer: Buffer): void {
    if (this.#bytes + buffer.length > this.#limit) return;
    this.#bytes += buffer.length;
    const free = this.#free.get(buffer.length);
    if (free) free.push(buffer);
    else this.#free.set(buffer.length, [buffer]);
  }
}
