import type { Readable } from 'node:stream';
import { abortable } from '@logcatch/plugin-api';

const LF = 10;
/** Smaller pieces are gathered: what comes byte by byte takes no more room than anything else. */
const pieceBytes = 16 << 10;

interface Piece {
  readonly bytes: Buffer;
  /** How many of its bytes are filled. */
  length: number;
}

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
  readonly #kept: Piece[] = [];
  /** Position of the first byte kept. */
  #start = 0;
  /** Position behind the last one. */
  #end = 0;
  #lineEnd = 0;
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

  /** Position behind the last LF. */
  get lineEnd(): number {
    return this.#lineEnd;
  }

  /** Nothing comes after {@link end}. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes what has come; where nothing has, it waits until something may have. @throws the signal's reason, or what went wrong with the stream */
  async more(signal: AbortSignal): Promise<void> {
    this.#stream ??= this.#opened();
    if (this.#failure) throw this.#failure;
    const bytes = this.#stream.read() as Buffer | null;
    if (bytes) {
      const lf = bytes.lastIndexOf(LF);
      if (lf >= 0) this.#lineEnd = this.#end + lf + 1;
      this.#keep(bytes);
    } else if (!this.#ended) {
      const changed = Promise.withResolvers<void>();
      this.#changed = changed.resolve;
      await abortable(changed.promise, signal);
    }
  }

  /** Whoever waits for more looks again what there is. */
  wake(): void {
    this.#changed();
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
    for (const { bytes, length } of this.#kept) {
      const from = position + copied - at;
      if (from < length) copied += bytes.copy(target, copied, from, length);
      if (copied === target.length) break;
      at += length;
    }
    return copied;
  }

  #keep(bytes: Buffer): void {
    this.#end += bytes.length;
    const last = this.#kept.at(-1);
    if (last && last.length + bytes.length <= last.bytes.length) {
      last.length += bytes.copy(last.bytes, last.length);
      return;
    }
    const piece = bytes.length < pieceBytes ? Buffer.allocUnsafeSlow(pieceBytes) : bytes;
    if (piece !== bytes) bytes.copy(piece);
    this.#kept.push({ bytes: piece, length: bytes.length });
  }

  #opened(): Readable {
    const stream = this.#open();
    stream.on('readable', () => this.#changed());
    for (const event of ['end', 'close']) {
      stream.on(event, () => {
        this.#ended ||= this.#failure === undefined;
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
