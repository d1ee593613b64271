import { readFile } from 'node:fs/promises';
import {
  type Batch,
  batchOf,
  defineInput,
  duration,
  type Input,
  type InputContext,
  type Source,
  sleep,
  z,
} from '@logcatch/plugin-api';

// One declaration: types, checks, defaults, and the help of `pipeline plugins`.
const options = z.strictObject({
  path: z.string().min(1).describe('The file, relative to the pipeline file.'),
  every: duration().prefault('1s').describe('How often it is looked at.'),
});

export default defineInput({
  type: 'my-type',
  description: 'Reads the paragraphs of a file: what stands between blank lines is a record.',
  options,
  summarize: ({ path }) => path,
  create: (values, context) => new Paragraphs(values, context),
});

/** Positions count paragraphs. The engine stores them, when what was read has been written. */
class Paragraphs implements Input {
  readonly #path: string;
  readonly #every: number;
  readonly #context: InputContext;
  #source: Source | undefined;
  /** Where the next batch begins. */
  #position = 0;
  #paused = false;

  constructor({ path, every }: z.output<typeof options>, context: InputContext) {
    this.#path = context.resolve(path);
    this.#every = every;
    this.#context = context;
  }

  /** Opens what there is to read: here one source. One that is known goes on where everything before was written. */
  async start(): Promise<void> {
    const { sources } = this.#context;
    const known = sources.known().find(({ path }) => path === this.#path);
    [this.#source] = sources.open([known ?? { path: this.#path, meta: {} }]);
    this.#position = this.#source!.position;
  }

  /** The next batch, as soon as there is one. */
  async read(signal: AbortSignal): Promise<Batch | null> {
    for (;;) {
      const paragraphs = this.#paused ? [] : await this.#paragraphs();
      const next = this.#fitting(paragraphs.slice(this.#position));
      if (next.length > 0) {
        const { buffers } = this.#context;
        const batch = await batchOf(this.#source!, next, { start: this.#position, buffers, signal });
        this.#position = batch.end;
        return batch;
      }
      // `pipeline run --once`: that was all.
      if (this.#context.once && !this.#paused) return null;
      await sleep(this.#every, signal);
      signal.throwIfAborted();
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** What was read after this position was not delivered, and has to come again. */
  rewind(_source: Source, position: number): void {
    this.#position = position;
  }

  async stop(): Promise<void> {}

  async #paragraphs(): Promise<string[]> {
    const text = await readFile(this.#path, 'utf8');
    const paragraphs = text.split(/\n\s*\n/);
    // The last one is still being written, unless nobody waits for its end.
    const last = paragraphs.pop()!.trim();
    return this.#context.once && last !== '' ? [...paragraphs, last] : paragraphs;
  }

  /** Those that one batch may hold. */
  #fitting(paragraphs: readonly string[]): readonly string[] {
    const { buffers, maxRecords } = this.#context;
    let bytes = 0;
    const fit = paragraphs.findIndex((paragraph, index) => {
      bytes += Buffer.byteLength(paragraph);
      return index > 0 && (index >= maxRecords || bytes > buffers.largest);
    });
    return fit < 0 ? paragraphs : paragraphs.slice(0, fit);
  }
}
