import { type Batch, type Column, TextColumn } from '@logcatch/plugin-api';

/** The values of a field, as places in the buffer where they stand there as they are: texts that are kept cost more than parsing. */
export class FieldColumn implements Column {
  readonly #batch: Batch;
  /** Begin and end + 1 for each record, 0 for none. */
  #places: Uint32Array | undefined;
  #texts: (string | undefined)[] | undefined;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  value(index: number): string | undefined {
    const end = this.#places?.[2 * index + 1] ?? 0;
    if (end === 0) return this.#texts?.[index];
    return this.#batch.buffer.toString('utf8', this.#places![2 * index]!, end - 1);
  }

  select(indices: Uint32Array): Column {
    return new TextColumn(Array.from(indices, (index) => this.value(index)));
  }

  setText(index: number, text: string | undefined): void {
    if (this.#places) this.#places[2 * index + 1] = 0;
    if (text === undefined && !this.#texts) return;
    this.#texts ??= new Array(this.#batch.count);
    this.#texts[index] = text;
  }

  /** Of a record whose characters are one byte each. */
  setPlace(index: number, start: number, end: number): void {
    this.#places ??= new Uint32Array(2 * this.#batch.count);
    this.#places[2 * index] = start;
    this.#places[2 * index + 1] = end + 1;
  }
}
