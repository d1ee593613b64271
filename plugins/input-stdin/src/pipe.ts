import type { Readable } from 'node:stream';
import { abortable } from '@logcatch/plugin-api';

/**
 * The bytes of a stream, which come once. Those that have not settled are kept, so that they can be read again; what is asked
 * for is all that is read, so that whoever writes to the stream waits.
 */
export class Pipe {
  readonly #open: () => Readable;
  #stream: Readable | undefined;
  #ended = false;
  #failure: Error | undefined;
  #changed = () => {};
  #kept: Buffer[] = [];
  /** Position of the first byte kept. */
  #start = 0;
  /** Position behind the last one. */
  #end = 0;
  /** The source that its bytes belong to, in this process. */
  source: number | undefined;

  constructor(open: () => Readable) {
    this.#open = open;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Nothing comes after {@link end}. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when there are more bytes, or the end. @throws the signal's reason, or what went wrong with the stream */
  async more(signal: AbortSignal): Promise<void> {
    this.#stream ??= this.#opened();
    const stream = this.#stream;
    for (;;) {
      if (this.#failure) throw this.#failure;
      const bytes = stream.read() as Buffer | null;
      if (bytes) {
        this.#kept.push(bytes);
        this.#end += bytes.length;
        return;
      }
      if (this.#ended) return;
      const changed = Promise.withResolvers<void>();
      this.#changed = changed.resolve;
      await abortable(changed.promise, signal);
    }
  }

  /** Everything before this position has settled. */
  forget(position: number): void {
    while (this.#kept.length > 0 && this.#start + this.#kept[0]!.length <= position) {
      this.#start += this.#kept.shift()!.length;
    }
  }

  /** Copies what there is from a position on, as much as fits. Returns how many bytes that are. */
  copy(position: number, target: Uint8Array): number {
    let copied = 0;
    let at = this.#start;
    for (const bytes of this.#kept) {
      const from = position + copied - at;
      if (from < bytes.length) copied += bytes.copy(target, copied, from);
      if (copied === target.length) break;
      at += bytes.length;
    }
    return copied;
  }

  #opened(): Readable {
    const stream = this.#open();
    stream.on('readable', () => this.#changed());
    for (const event of ['end', 'close']) {
      stream.on(event, () => {
        this.#ended = true;
        this.#changed();
      });
    }
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A terminal that has gone has come to its end.
      if (error.code === 'EIO') this.#ended = true;
      else this.#failure = error;
      this.#changed();
    });
    return stream;
  }
}
