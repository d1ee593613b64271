import type { Column } from '@logcatch/plugin-api';

/** Values that stand in a buffer. */
export class SliceColumn implements Column {
  readonly #buffer: Buffer;
  /** Start and end of each; none where they are equal. */
  readonly #places: Uint32Array;

  constructor(buffer: Buffer, places: Uint32Array) {
    this.#buffer = buffer;
    this.#places = places;
  }

  value(index: number): string | undefined {
    const [start, end] = [this.#places[2 * index]!, this.#places[2 * index + 1]!];
    return end > start ? this.#buffer.toString('latin1', start, end) : undefined;
  }

  select(indices: Uint32Array): Column {
    const places = new Uint32Array(2 * indices.length);
    for (const [i, index] of indices.entries()) {
      places[2 * i] = this.#places[2 * index]!;
      places[2 * i + 1] = this.#places[2 * index + 1]!;
    }
    return new SliceColumn(this.#buffer, places);
  }
}
