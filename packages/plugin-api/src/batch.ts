import type { Buffers, Chunk } from './buffers.ts';
import { type Column, DictionaryColumn } from './column.ts';
import type { Attributes, Source } from './source.ts';

export interface BatchInit {
  readonly source: Source;
  readonly chunk: Chunk;
  /** How many records the columns hold. */
  readonly count: number;
  /** Position in the source where this batch begins: the end of the batch before it. */
  readonly start: number;
  /** Position after the last byte this batch accounts for, line ends and skipped bytes included. */
  readonly end: number;
  /** Position of `chunk.bytes[0]` in the source. Leave it out where `offsets` are given. */
  readonly base?: number;
  /** Position of each record, where it cannot be computed as base + start. */
  readonly offsets?: Float64Array;
}

/**
 * Records of one source, in order, as columns over one byte buffer: record i is `buffer[starts[i]..ends[i])`. Immutable,
 * so that several consumers can share it, and valid until the `write` or `apply` that got it is done: after that its
 * memory is used again. Keep copies (`record.text`), never views.
 */
export class Batch implements Iterable<LogRecord> {
  readonly source: Source;
  readonly attributes: Attributes;
  readonly chunk: Chunk;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly count: number;
  readonly start: number;
  readonly end: number;
  readonly #base: number;
  readonly #offsets: Float64Array | undefined;
  readonly #columns: ReadonlyMap<string, Column> | undefined;
  #size: number | undefined;

  constructor(init: BatchInit, derived?: Derived) {
    this.source = init.source;
    this.attributes = derived?.attributes ?? init.source.attributes;
    this.chunk = init.chunk;
    this.starts = derived?.starts ?? init.chunk.starts;
    this.ends = derived?.ends ?? init.chunk.ends;
    this.count = init.count;
    this.start = init.start;
    this.end = init.end;
    this.#base = init.base ?? init.start;
    this.#offsets = init.offsets;
    this.#columns = derived?.columns;
  }

  get buffer(): Buffer {
    return this.chunk.bytes;
  }

  /** Names of the attributes that differ from record to record. */
  get columns(): Iterable<string> {
    return this.#columns?.keys() ?? [];
  }

  /** Bytes of the records, without their line ends. */
  get size(): number {
    if (this.#size === undefined) {
      const { starts, ends, count } = this;
      let size = 0;
      for (let i = 0; i < count; i++) size += ends[i]! - starts[i]!;
      this.#size = size;
    }
    return this.#size;
  }

  /** The values of an attribute that differs from record to record; `undefined` where there is none such. */
  column(name: string): Column | undefined {
    return this.#columns?.get(name);
  }

  /** The record's bytes: a view. */
  bytes(index: number): Buffer {
    return this.chunk.bytes.subarray(this.starts[index]!, this.ends[index]!);
  }

  /** The record as text: a copy. Bytes that are not UTF-8 become U+FFFD. */
  text(index: number): string {
    return this.chunk.bytes.toString('utf8', this.starts[index]!, this.ends[index]!);
  }

  /** Position of the record in its source. */
  offset(index: number): number {
    return this.#offsets?.[index] ?? this.#base + this.starts[index]!;
  }

  /** An attribute of one record: a column, else the source's, else the built-in `offset`. */
  attribute(name: string, index: number): string | undefined {
    const column = this.#columns?.get(name);
    if (column) return column.value(index);
    if (name === 'offset') return String(this.offset(index));
    return Object.hasOwn(this.attributes, name) ? this.attributes[name] : undefined;
  }

  /** Whether an attribute can differ within this batch. */
  varies(name: string): boolean {
    return name === 'offset' || this.#columns?.has(name) === true;
  }

  *[Symbol.iterator](): Iterator<LogRecord> {
    for (let i = 0; i < this.count; i++) yield new LogRecord(this, i);
  }

  /** The records for which `keep` is true. */
  filter(keep: (record: LogRecord) => boolean): Batch {
    return this.filterRanges((_bytes, _start, _end, index) => keep(new LogRecord(this, index)));
  }

  /** As {@link filter}, with no object per record: `keep` gets the buffer and the record's range in it. */
  filterRanges(keep: (buffer: Buffer, start: number, end: number, index: number) => boolean): Batch {
    const { starts, ends, count, buffer } = this;
    let kept: Uint32Array | undefined;
    let length = 0;
    for (let i = 0; i < count; i++) {
      if (keep(buffer, starts[i]!, ends[i]!, i)) {
        if (kept) kept[length] = i;
        length++;
      } else if (!kept) {
        kept = new Uint32Array(count);
        for (let j = 0; j < length; j++) kept[j] = j;
      }
    }
    return kept ? this.select(kept.subarray(0, length)) : this;
  }

  /** The records at these indices, in this order. */
  select(indices: Uint32Array): Batch {
    const count = indices.length;
    const starts = new Uint32Array(count);
    const ends = new Uint32Array(count);
    const offsets = this.#offsets && new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const from = indices[i]!;
      starts[i] = this.starts[from]!;
      ends[i] = this.ends[from]!;
      if (offsets) offsets[i] = this.#offsets![from]!;
    }
    const columns =
      this.#columns && new Map([...this.#columns].map(([name, column]) => [name, column.select(indices)]));
    return this.#derive({ count, starts, ends, offsets, columns });
  }

  /** Each record's text replaced; `null` drops the record. The new bytes are in a chunk of their own. */
  mapText(map: (text: string, record: LogRecord) => string | null): Batch {
    const texts: string[] = [];
    const kept = new Uint32Array(this.count);
    let bytes = 0;
    for (let i = 0; i < this.count; i++) {
      const text = map(this.text(i), new LogRecord(this, i));
      if (text === null) continue;
      kept[texts.length] = i;
      texts.push(text);
      bytes += Buffer.byteLength(text);
    }
    const selected = texts.length === this.count ? this : this.select(kept.subarray(0, texts.length));
    const chunk = this.chunk.sibling(bytes);
    fill(chunk, texts);
    const offsets = Float64Array.from({ length: texts.length }, (_, i) => selected.offset(i));
    return selected.#derive({ chunk, starts: chunk.starts, ends: chunk.ends, offsets });
  }

  /**
   * As {@link mapText}, with no text or object per record: `map` gets the buffer and the record's range in it, and returns its
   * new bytes, or nothing where it stays as it is, byte for byte. The batch itself, where all of them do.
   */
  mapRanges(map: (buffer: Buffer, start: number, end: number, index: number) => Uint8Array | undefined): Batch {
    const { starts, ends, count, buffer } = this;
    const changed = new Map<number, Uint8Array>();
    let size = 0;
    for (let i = 0; i < count; i++) {
      const bytes = map(buffer, starts[i]!, ends[i]!, i);
      if (bytes) changed.set(i, bytes);
      size += bytes ? bytes.length : ends[i]! - starts[i]!;
    }
    if (changed.size === 0) return this;
    const chunk = this.chunk.sibling(size);
    chunk.reserve(count);
    const offsets = new Float64Array(count);
    let position = 0;
    for (let i = 0; i < count; i++) {
      const bytes = changed.get(i);
      chunk.starts[i] = position;
      if (bytes) chunk.bytes.set(bytes, position);
      else buffer.copy(chunk.bytes, position, starts[i]!, ends[i]!);
      position += bytes ? bytes.length : ends[i]! - starts[i]!;
      chunk.ends[i] = position;
      offsets[i] = this.offset(i);
    }
    return this.#derive({ chunk, count, starts: chunk.starts, ends: chunk.ends, offsets });
  }

  /** An attribute computed for each record, as templates and outputs see it. `undefined` = this record has none. */
  withAttribute(name: string, value: (record: LogRecord) => string | undefined): Batch {
    return this.withColumn(
      name,
      DictionaryColumn.from(this.count, (index) => value(new LogRecord(this, index))),
    );
  }

  withColumn(name: string, column: Column): Batch {
    return this.withColumns([[name, column]]);
  }

  /** Adds columns, or replaces them; `undefined` takes one away. */
  withColumns(columns: Iterable<readonly [name: string, column: Column | undefined]>): Batch {
    const all = new Map(this.#columns);
    for (const [name, column] of columns) {
      if (column) all.set(name, column);
      else all.delete(name);
    }
    return this.#derive({ columns: all.size > 0 ? all : undefined });
  }

  /**
   * What all records have in common, replaced: costs nothing per record, and templates of it neither. Keep the object and give
   * the same one for the same source attributes, since caches know it by its identity.
   */
  withAttributes(attributes: Attributes): Batch {
    return this.#derive({ attributes });
  }

  #derive(changes: Changes): Batch {
    const { source, start, end } = this;
    const { chunk, count, offsets, ...columns } = {
      chunk: this.chunk,
      count: this.count,
      starts: this.starts,
      ends: this.ends,
      offsets: this.#offsets,
      attributes: this.attributes,
      columns: this.#columns,
      ...changes,
    };
    const init = { source, chunk, count, start, end, base: this.#base, ...(offsets && { offsets }) };
    return new Batch(init, columns);
  }
}

interface Derived {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly attributes: Attributes;
  readonly columns: ReadonlyMap<string, Column> | undefined;
}

interface Changes extends Partial<Derived> {
  readonly chunk?: Chunk;
  readonly count?: number;
  readonly offsets?: Float64Array | undefined;
}

/** One record of a batch: a view, valid as long as its batch. */
export class LogRecord {
  readonly batch: Batch;
  readonly index: number;

  constructor(batch: Batch, index: number) {
    this.batch = batch;
    this.index = index;
  }

  /** A view of the record's bytes. */
  get bytes(): Buffer {
    return this.batch.bytes(this.index);
  }

  /** A copy as text. */
  get text(): string {
    return this.batch.text(this.index);
  }

  /** Position in the source. */
  get offset(): number {
    return this.batch.offset(this.index);
  }

  attribute(name: string): string | undefined {
    return this.batch.attribute(name, this.index);
  }
}

/**
 * A batch from values in memory, for inputs that do not read bytes of a file. Positions count records: the n-th value
 * of a source has position n.
 */
export async function batchOf(
  source: Source,
  values: readonly (string | Uint8Array)[],
  at: { readonly start: number; readonly buffers: Buffers; readonly signal: AbortSignal },
): Promise<Batch> {
  const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  const chunk = await at.buffers.acquire(bytes, at.signal);
  fill(chunk, values);
  const offsets = Float64Array.from(values, (_, i) => at.start + i);
  return new Batch({ source, chunk, count: values.length, start: at.start, end: at.start + values.length, offsets });
}

function fill(chunk: Chunk, values: readonly (string | Uint8Array)[]): void {
  chunk.reserve(values.length);
  let position = 0;
  for (const [i, value] of values.entries()) {
    chunk.starts[i] = position;
    if (typeof value === 'string') position += chunk.bytes.write(value, position);
    else {
      chunk.bytes.set(value, position);
      position += value.length;
    }
    chunk.ends[i] = position;
  }
}
