import { type Batch, jsonLines, type Output, type OutputContext, textLines } from '@logcatch/plugin-api';
import { asPretty } from './format.ts';
import type { Format } from './options.ts';
import type { Sink } from './stdout.ts';

/** Writes batches to a sink, one at a time: a slow reader of stdout slows down what is required of it, and nothing else. */
export class ConsoleOutput implements Output {
  readonly #format: Format;
  readonly #open: () => Sink;
  readonly #context: OutputContext;
  #sink: Sink | undefined;
  /** Used again for each batch of text. */
  #scratch = Buffer.alloc(0);

  constructor(format: Format, open: () => Sink, context: OutputContext) {
    this.#format = format;
    this.#open = open;
    this.#context = context;
  }

  async start(): Promise<void> {
    this.#sink ??= this.#open();
    this.#context.log.debug('writes to stdout', { terminal: this.#sink.terminal });
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    const bytes = this.#bytesOf(batch);
    const aborted = Promise.withResolvers<never>();
    const abort = () => {
      // The sink may still read from it.
      this.#scratch = Buffer.alloc(0);
      aborted.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#sink!.write(bytes), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async stop(): Promise<void> {
    this.#sink?.close();
    this.#sink = undefined;
  }

  #bytesOf(batch: Batch): Buffer {
    const format = this.#format === 'auto' ? (this.#sink!.terminal ? 'pretty' : 'text') : this.#format;
    if (format === 'json') return jsonLines(batch);
    if (format === 'pretty') return asPretty(batch);
    const length = batch.size + batch.count;
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(length * 2);
    return textLines(batch, this.#scratch);
  }
}
