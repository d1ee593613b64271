import { type Batch, type Column, DictionaryColumn, type Transform, type TransformContext } from '@logcatch/plugin-api';
import { type FieldOptions, Fields } from './fields.ts';
import type { Format } from './format.ts';

export interface ParseOptions extends FieldOptions {
  /** `message`, or the name of an attribute. */
  readonly field: string;
}

/** Makes attributes of what stands in a text. A record that cannot be parsed stays as it is, and says why in `parse_error`. */
export class Parse implements Transform {
  readonly #format: Format;
  readonly #options: ParseOptions;
  readonly #context: Pick<TransformContext, 'degraded'>;
  #crowded = false;

  constructor(format: Format, options: ParseOptions, context: Pick<TransformContext, 'degraded'>) {
    this.#format = format;
    this.#options = options;
    this.#context = context;
  }

  apply(batch: Batch): Batch {
    const { field } = this.#options;
    const fields = new Fields(batch, this.#options);
    const own = field === 'message';
    const errors = new Map<number, string>();
    for (let i = 0; i < batch.count; i++) {
      const text = own ? batch.text(i) : batch.attribute(field, i);
      fields.begin(i, text ?? '', own);
      const error = text === undefined ? `no attribute ${field}` : this.#format(text, fields);
      if (error === undefined) continue;
      fields.forget();
      errors.set(i, error);
    }
    this.#report(fields.crowded);
    const columns: Map<string, Column | undefined> = fields.columns();
    // One of an earlier parser says nothing about this one.
    columns.set('parse_error', errors.size > 0 ? DictionaryColumn.from(batch.count, (i) => errors.get(i)) : undefined);
    return withTexts(batch.withColumns(columns), fields.message);
  }

  #report(crowded: boolean): void {
    if (crowded === this.#crowded) return;
    this.#crowded = crowded;
    const hint = 'Name those that you want under `include`.';
    this.#context.degraded(crowded ? 'records have too many different fields: some were left out' : null, hint);
  }
}

function withTexts(batch: Batch, texts: Column | undefined): Batch {
  if (!texts) return batch;
  return batch.mapRanges((_buffer, _start, _end, index) => {
    const text = texts.value(index);
    return text === undefined ? undefined : Buffer.from(text);
  });
}
