import {
  type Attributes,
  abortable,
  type Batch,
  batchOf,
  type Input,
  type InputContext,
  type Source,
} from '@logcatch/plugin-api';

/** Records for an input, as if it had read them at this path. */
export interface Given {
  readonly path: string;
  /** What the input itself says of every record of the path. */
  readonly attributes: Attributes;
  readonly lines: readonly string[];
}

/** Stands in the place of an input, and reads what a test gives it. Positions count records. */
export class GivenInput implements Input {
  readonly #context: InputContext;
  readonly #ends = new Map<Source, number>();
  readonly #sources = new Map<string, Source>();
  readonly #queue: { readonly source: Source; readonly lines: readonly string[] }[] = [];
  #more = Promise.withResolvers<void>();

  constructor(context: InputContext) {
    this.#context = context;
  }

  /** @returns the source, and the position at which all of it has settled */
  give({ path, attributes, lines }: Given): { readonly source: Source; readonly end: number } {
    const key = JSON.stringify([path, Object.entries(attributes)]);
    const source = this.#sources.get(key) ?? this.#context.sources.open([{ path, meta: {}, attributes }])[0]!;
    this.#sources.set(key, source);
    this.#queue.push({ source, lines });
    this.#more.resolve();
    const waiting = this.#queue.filter((one) => one.source === source);
    return { source, end: waiting.reduce((sum, one) => sum + one.lines.length, this.#ends.get(source) ?? 0) };
  }

  async start(): Promise<void> {}

  async read(signal: AbortSignal): Promise<Batch | null> {
    for (let next = this.#queue.shift(); ; next = this.#queue.shift()) {
      if (next) return this.#batch(next.source, next.lines, signal);
      this.#more = Promise.withResolvers();
      await abortable(this.#more.promise, signal);
    }
  }

  pause(): void {}

  resume(): void {}

  rewind(): void {}

  async stop(): Promise<void> {}

  async #batch(source: Source, lines: readonly string[], signal: AbortSignal): Promise<Batch> {
    const { buffers, maxRecords } = this.#context;
    const start = this.#ends.get(source) ?? 0;
    const now = lines.slice(0, maxRecords);
    if (now.length < lines.length) this.#queue.unshift({ source, lines: lines.slice(maxRecords) });
    const batch = await batchOf(source, now, { start, buffers, signal });
    this.#ends.set(source, batch.end);
    return batch;
  }
}
