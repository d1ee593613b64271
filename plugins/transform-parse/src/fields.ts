import { type Batch, type Column, TextColumn } from '@logcatch/plugin-api';

export interface FieldOptions {
  readonly prefix: string;
  /** Only these, named without the prefix. */
  readonly include?: readonly string[] | undefined;
  readonly overwrite: boolean;
  /** The field that becomes the text of the record. */
  readonly message?: string | undefined;
}

type Values = (string | undefined)[];

/** What makes no attribute: the text and the position of a record have these names, and the transform sets the last one. */
const reserved = ['message', 'offset', 'parse_error'];
/** Names in one batch: each costs a column for all of its records, and whoever writes logs chooses them. */
const most = 256;

/** Gathers what is found in the records of a batch, by name. */
export class Fields {
  /** Of the record that is being read. */
  index = 0;
  /** There were too many names. */
  crowded = false;
  /** The values of the field that becomes the text, where there are any. */
  messages: Values | undefined;
  readonly #options: FieldOptions;
  readonly #include: ReadonlySet<string> | undefined;
  readonly #batch: Batch;
  /** `null`: not wanted. */
  readonly #byName = new Map<string, Values | null>();

  constructor(batch: Batch, options: FieldOptions) {
    this.#batch = batch;
    this.#options = options;
    this.#include = options.include && new Set(options.include);
  }

  /** A field of the record. Of several with one name, the last one counts. */
  readonly add = (name: string, value: string): void => {
    let values = this.#byName.get(name);
    if (values === undefined) values = this.#newValues(name);
    if (values !== null) values[this.index] = value;
  };

  /** Nothing of this record counts. */
  forget(): void {
    for (const values of this.#byName.values()) if (values) values[this.index] = undefined;
  }

  columns(): Map<string, Column> {
    const { prefix, overwrite } = this.#options;
    const columns = new Map<string, Column>();
    for (const [field, values] of this.#byName) {
      if (values === null || values === this.messages) continue;
      const name = prefix + field;
      if (Object.hasOwn(this.#batch.attributes, name) || this.#batch.column(name)) {
        for (let i = 0; i < values.length; i++) {
          const old = this.#batch.attribute(name, i);
          values[i] = overwrite ? (values[i] ?? old) : (old ?? values[i]);
        }
      }
      columns.set(name, new TextColumn(values));
    }
    return columns;
  }

  #newValues(name: string): Values | null {
    // A flood of names that are not wanted is not remembered either.
    if (this.#byName.size >= most) {
      this.crowded = true;
      return null;
    }
    const isMessage = name === this.#options.message;
    const values = isMessage || this.#wanted(name) ? new Array<string | undefined>(this.#batch.count) : null;
    if (isMessage) this.messages = values!;
    this.#byName.set(name, values);
    return values;
  }

  #wanted(name: string): boolean {
    const { prefix, overwrite } = this.#options;
    const attribute = prefix + name;
    if (name === '' || reserved.includes(attribute) || this.#include?.has(name) === false) return false;
    // What all records of the source have would win each time.
    return overwrite || !Object.hasOwn(this.#batch.attributes, attribute) || this.#batch.varies(attribute);
  }
}
