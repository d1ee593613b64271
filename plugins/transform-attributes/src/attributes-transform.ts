import { type Attributes, type Batch, type Column, Missing, type Template, TextColumn } from '@logcatch/plugin-api';

export interface Changes {
  readonly remove?: readonly string[] | undefined;
  readonly rename?: Readonly<Record<string, string>> | undefined;
  readonly set?: Readonly<Record<string, Template>> | undefined;
}

/** Sets, renames and removes attributes. What a whole batch has in common is changed once for each source. */
export class AttributesTransform {
  readonly #remove: readonly string[];
  readonly #rename: readonly (readonly [from: string, to: string])[];
  readonly #set: readonly (readonly [name: string, template: Template])[];
  /** What was made of the attributes of a source; by which templates varied, since those set columns. */
  readonly #made = new WeakMap<Attributes, Map<string, Attributes>>();

  constructor({ remove = [], rename = {}, set = {} }: Changes) {
    this.#remove = remove;
    this.#rename = Object.entries(rename);
    this.#set = Object.entries(set);
  }

  apply(batch: Batch): Batch {
    if (batch.count === 0) return batch;
    const columns = new Map<string, Column | undefined>();
    for (const name of this.#remove) columns.set(name, undefined);
    for (const [from] of this.#rename) columns.set(from, undefined);
    for (const [from, to] of this.#rename) {
      if (batch.column(from) ?? Object.hasOwn(batch.attributes, from)) columns.set(to, batch.column(from));
    }
    const varying: string[] = [];
    for (const [name, template] of this.#set) {
      const constant = template.constant(batch);
      columns.set(name, constant ? undefined : valuesOf(template, batch));
      if (!constant) varying.push(name);
    }
    return batch.withAttributes(this.#constants(batch, varying)).withColumns(columns);
  }

  #constants(batch: Batch, varying: readonly string[]): Attributes {
    const made = this.#made.get(batch.attributes) ?? new Map<string, Attributes>();
    this.#made.set(batch.attributes, made);
    const moved = this.#rename.filter(([from]) => batch.column(from)).map(([from]) => from);
    const variant = JSON.stringify([varying, moved]);
    const constants = made.get(variant) ?? this.#constantsOf(batch, varying);
    made.set(variant, constants);
    return constants;
  }

  #constantsOf(batch: Batch, varying: readonly string[]): Attributes {
    const old = batch.attributes;
    const constants = new Map(Object.entries(old));
    for (const name of this.#remove) constants.delete(name);
    for (const [from] of this.#rename) constants.delete(from);
    for (const [from, to] of this.#rename) {
      if (batch.column(from)) constants.delete(to);
      else if (Object.hasOwn(old, from)) constants.set(to, old[from]!);
    }
    for (const [name, template] of this.#set) {
      const value = varying.includes(name) ? undefined : template.valueOf(batch);
      if (typeof value === 'string') constants.set(name, value);
      else constants.delete(name);
    }
    return Object.fromEntries(constants);
  }
}

function valuesOf(template: Template, batch: Batch): Column {
  const values: (string | undefined)[] = [];
  for (let i = 0; i < batch.count; i++) {
    const value = template.value(batch, i);
    values.push(value instanceof Missing ? undefined : value);
  }
  return new TextColumn(values);
}
