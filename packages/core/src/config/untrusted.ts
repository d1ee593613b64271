import { Condition } from '@logcatch/plugin-api';
import type { Names } from './names.ts';
import { valuesIn } from './option-values.ts';
import type { KeyPath, Problems } from './problem.ts';
import { isRemote } from './references.ts';
import { type ConfigValue, type MapValue, valueAt } from './value.ts';

export interface Written {
  /** As the file has it, with its `${}`. */
  readonly body: MapValue;
  /** With their values. */
  readonly value: MapValue;
  readonly path: KeyPath;
  readonly names: Names;
}

/**
 * Regular expressions that come from elsewhere, whatever the plugin: nothing bounds the time that one such as `(a+)+$` takes on
 * a line, and meanwhile the agent does nothing else.
 */
export function reportRemotePatterns(
  options: unknown,
  { body, value, path, names }: Written,
  problems: Problems,
): void {
  for (const { path: own, value: option } of valuesIn(options)) {
    const searches = option instanceof RegExp || (option instanceof Condition && option.matches);
    if (!searches) continue;
    // What a schema makes may have another shape than what is written.
    const at = placeOf(body, own);
    if (!isRemote(valueAt(body, at), names)) continue;
    problems.add({
      code: 'LC_CONFIG_UNTRUSTED',
      path: [...path, ...at],
      origin: (valueAt(value, own) ?? valueAt(value, at) ?? value).origin,
      message: 'a remote source cannot say a regular expression: one such as (a+)+$ would hold up the whole agent',
      hint: 'Write it in the pipeline file, or use conditions without `matches`: `contains`, `startsWith`, `endsWith`.',
    });
  }
}

/** The longest beginning of a path at which something is written. */
function placeOf(body: ConfigValue, path: KeyPath): KeyPath {
  let length = path.length;
  while (length > 0 && !valueAt(body, path.slice(0, length))) length--;
  return path.slice(0, length);
}
