import { Batch, type Input, type InputContext, LogcatchError, type Source } from '@logcatch/plugin-api';
import { frame } from './lines.ts';
import type { Options } from './options.ts';
import type { Pipe } from './pipe.ts';

/** Bytes of a batch; more where one line has more. */
const batchBytes = 256 << 10;
const path = 'stdin';

/** Reads lines that come once. Nothing of an earlier process can be read again: it counts as abandoned. */
export class StdinInput implements Input {
  readonly #options: Options;
  readonly #context: InputContext;
  readonly #pipe: Pipe;
  #source: Source | undefined;
  /** Where the next batch begins. */
  #position = 0;
  #paused = false;
  #resumed = Promise.withResolvers<void>();
  #told = false;

  constructor(options: Options, context: InputContext, pipe: Pipe) {
    this.#options = options;
    this.#context = context;
    this.#pipe = pipe;
  }

  async start(): Promise<void> {
    const { sources } = this.#context;
    const known = sources.known();
    const own = known.find(({ key }) => key === this.#pipe.source);
    for (const stored of known) {
      if (stored === own) continue;
      const { key, meta } = stored;
      const [before] = sources.open([{ key, path, meta }]);
      sources.end(before!, 'gone');
    }
    const { start } = this.#pipe;
    const goesOn = own && own.position >= start;
    const [source] = sources.open([
      { ...(own && { key: own.key }), ...(!goesOn && { position: start }), path, meta: {} },
    ]);
    this.#pipe.source = source!.key;
    this.#source = source!;
    this.#position = source!.position;
  }

  async read(signal: AbortSignal): Promise<Batch | null> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#paused) await this.#untilResumed(signal);
      else if (this.#pipe.ended && this.#position === this.#pipe.end) return null;
      else if (this.#hasRecord) {
        const batch = await this.#next(signal);
        if (batch) return batch;
      } else await this.#more(signal);
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#resumed.resolve();
    this.#resumed = Promise.withResolvers();
  }

  rewind(_source: Source, position: number): void {
    const { start, end } = this.#pipe;
    if (position < start || position > end) {
      throw new LogcatchError('LC_CHECKPOINT_POSITION', `standard input cannot be read from ${position}`, {
        hint: `What was delivered is not there any more: only bytes ${start} to ${end} are.`,
      });
    }
    this.#position = position;
    this.#pipe.wake();
  }

  async stop(): Promise<void> {}

  /** Bytes of the longest line with its end. */
  get #longest(): number {
    return this.#options.max_line_bytes + 2;
  }

  /** Whether there is a line to its end, or so much of one that it is cut. */
  get #hasRecord(): boolean {
    const { end, ended, lineEnd } = this.#pipe;
    return ended || lineEnd > this.#position || end - this.#position >= this.#longest;
  }

  async #more(signal: AbortSignal): Promise<void> {
    this.#pipe.forget(this.#source!.position);
    await this.#pipe.more(signal);
    this.#context.sources.grown(this.#source!, this.#pipe.end);
  }

  async #next(signal: AbortSignal): Promise<Batch | undefined> {
    const { buffers, maxRecords } = this.#context;
    const { strip_cr: stripCr, max_line_bytes: maxLineBytes } = this.#options;
    const start = this.#position;
    const most = Math.max(batchBytes, this.#longest);
    const { end: there, ended } = this.#pipe;
    const chunk = await buffers.acquire(Math.min(there - start, most), signal);
    const length = this.#pipe.copy(start, chunk.bytes.subarray(0, most));
    const last = ended && start + length === there;
    const { count, end, split } = frame(chunk, length, last, { stripCr, maxLineBytes, maxRecords });
    // It may have been paused or rewound while it waited for memory.
    if (this.#paused || start !== this.#position) {
      chunk.release();
      return undefined;
    }
    if (split > 0 && !this.#told) {
      this.#told = true;
      this.#context.log.warn(`a line is longer than max_line_bytes (${maxLineBytes}): it is split`);
    }
    this.#position = start + end;
    return new Batch({ source: this.#source!, chunk, count, start, end: this.#position });
  }

  async #untilResumed(signal: AbortSignal): Promise<void> {
    const stop = () => this.#resumed.resolve();
    signal.addEventListener('abort', stop, { once: true });
    await this.#resumed.promise;
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
  }
}
