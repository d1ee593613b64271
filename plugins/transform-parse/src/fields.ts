import { type Batch, type Column, TextColumn } from '@logcatch/plugin-api';
import { FieldColumn } from './field-column.ts';
import type { FieldSink } from './format.ts';

export interface FieldOptions {
  readonly prefix: string;
  /** Only these, named without the prefix. */
  readonly include?: readonly string[] | undefined;
  readonly overwrite: boolean;
  /** The field that becomes the text of the record. */
  readonly message?: string | undefined;
}

/** What makes no attribute: the text and the position of a record have these names, and the transform sets the last one. */
export const reserved = ['message', 'offset', 'parse_error'];
/** Names in one batch: each costs a column for all of its records, and whoever writes logs chooses them. */
const most = 256;

/** Gathers what is found in the records of a batch, by name. Of several fields with one name, the last one counts. */
export class Fields implements FieldSink {
  /** There were too many names. */
  crowded = false;
  /** The field that becomes the text, where there is any. */
  message: FieldColumn | undefined;
  readonly #options: FieldOptions;
  readonly #include: ReadonlySet<string> | undefined;
  readonly #batch: Batch;
  /** `null`: not wanted. */
  readonly #byName = new Map<string, FieldColumn | null>();
  #index = 0;
  #text = '';
  /** Where the text begins in the buffer; -1 where its characters are not the bytes there. */
  #base = -1;

  constructor(batch: Batch, options: FieldOptions) {
    this.#batch = batch;
    this.#options = options;
    this.#include = options.include && new Set(options.include);
  }

  /** Another record is read. @param own the text is the record's, not that of an attribute */
  begin(index: number, text: string, own: boolean): void {
    const start = this.#batch.starts[index]!;
    this.#index = index;
    this.#text = text;
    // Only ASCII has as many bytes as characters.
    this.#base = own && text.length === this.#batch.ends[index]! - start ? start : -1;
  }

  add(name: string, value: string): void {
    this.#column(name)?.setText(this.#index, value);
  }

  addSlice(name: string, from: number, to: number): void {
    const column = this.#column(name);
    if (this.#base < 0) column?.setText(this.#index, this.#text.slice(from, to));
    else column?.setPlace(this.#index, this.#base + from, this.#base + to);
  }

  /** Nothing of this record counts. */
  forget(): void {
    for (const column of this.#byName.values()) column?.setText(this.#index, undefined);
  }

  columns(): Map<string, Column> {
    const columns = new Map<string, Column>();
    for (const [field, column] of this.#byName) {
      const name = this.#options.prefix + field;
      if (column !== null && column !== this.message) columns.set(name, this.#merged(name, column));
    }
    return columns;
  }

  /** With what records have already. */
  #merged(name: string, column: FieldColumn): Column {
    const batch = this.#batch;
    if (!Object.hasOwn(batch.attributes, name) && !batch.column(name)) return column;
    const values: (string | undefined)[] = [];
    for (let i = 0; i < batch.count; i++) {
      const [old, found] = [batch.attribute(name, i), column.value(i)];
      values.push(this.#options.overwrite ? (found ?? old) : (old ?? found));
    }
    return new TextColumn(values);
  }

  #column(name: string): FieldColumn | null {
    const known = this.#byName.get(name);
    return known === undefined ? this.#newColumn(name) : known;
  }

  #newColumn(name: string): FieldColumn | null {
    // A flood of names that are not wanted is not remembered either.
    if (this.#byName.size >= most) {
      this.crowded = true;
      return null;
    }
    const isMessage = name === this.#options.message;
    const column = isMessage || this.#wanted(name) ? new FieldColumn(this.#batch) : null;
    if (isMessage) this.message = column!;
    this.#byName.set(name, column);
    return column;
  }

  #wanted(name: string): boolean {
    const { prefix, overwrite } = this.#options;
    const attribute = prefix + name;
    if (name === '' || reserved.includes(attribute) || this.#include?.has(name) === false) return false;
    // What all records of the source have would win each time.
    return overwrite || !Object.hasOwn(this.#batch.attributes, attribute) || this.#batch.varies(attribute);
  }
}
