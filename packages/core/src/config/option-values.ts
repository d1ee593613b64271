import type { KeyPath } from './problem.ts';

/** A value that a schema has made, and where it stands among the parsed options. */
export interface OptionValue {
  readonly path: KeyPath;
  readonly value: unknown;
}

/** The values in options, those of lists and maps within too. What is no plain data is a value as a whole. */
export function* valuesIn(options: unknown, path: KeyPath = []): Generator<OptionValue> {
  if (Array.isArray(options)) {
    for (const [index, item] of options.entries()) yield* valuesIn(item, [...path, index]);
  } else if (typeof options === 'object' && options !== null && Object.getPrototypeOf(options) === Object.prototype) {
    for (const [key, item] of Object.entries(options)) yield* valuesIn(item, [...path, key]);
  } else yield { path, value: options };
}
