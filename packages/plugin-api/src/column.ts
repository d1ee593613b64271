/** A value per record of a batch. */
export interface Column {
  value(index: number): string | undefined;
  /** The column of the records at these indices. */
  select(indices: Uint32Array): Column;
}

/** Values that repeat: each distinct one once, and a code per record (0 = none). */
export class DictionaryColumn implements Column {
  readonly #values: readonly string[];
  readonly #codes: Uint32Array;

  /** @param codes index into `values` + 1, or 0 */
  constructor(values: readonly string[], codes: Uint32Array) {
    this.#values = values;
    this.#codes = codes;
  }

  static from(count: number, value: (index: number) => string | undefined): DictionaryColumn {
    const codeOf = new Map<string, number>();
    const codes = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const text = value(i);
      if (text === undefined) continue;
      let code = codeOf.get(text);
      if (code === undefined) {
        code = codeOf.size + 1;
        codeOf.set(text, code);
      }
      codes[i] = code;
    }
    return new DictionaryColumn([...codeOf.keys()], codes);
  }

  value(index: number): string | undefined {
    return this.#values[this.#codes[index]! - 1];
  }

  select(indices: Uint32Array): Column {
    return new DictionaryColumn(
      this.#values,
      indices.map((index) => this.#codes[index]!),
    );
  }
}

/** Values that hardly repeat: each as it is. */
export class TextColumn implements Column {
  readonly #values: readonly (string | undefined)[];

  constructor(values: readonly (string | undefined)[]) {
    this.#values = values;
  }

  value(index: number): string | undefined {
    return this.#values[index];
  }

  select(indices: Uint32Array): Column {
    return new TextColumn(Array.from(indices, (index) => this.#values[index]));
  }
}
