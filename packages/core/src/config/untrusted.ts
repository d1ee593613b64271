import { type ComponentDefinition, Condition } from '@logcatch/plugin-api';
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

/** What a stranger may not say, and what to do instead. */
interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/** Nothing bounds the time that one such as `(a+)+$` takes on a line, and meanwhile the agent does nothing else. */
const expression: Refusal = {
  message: 'a remote source cannot say a regular expression: one such as (a+)+$ would hold up the whole agent',
  hint: 'Write it in the pipeline file, or use conditions without `matches`: `contains`, `startsWith`, `endsWith`.',
};

/** With what is read it could write any file of this user, such as one that a shell runs. */
const file: Refusal = {
  message: 'a remote source cannot say which files are written: it could have any file of this user written',
  hint: 'Write the path in the pipeline file; an attribute that the source gives can fill in a name below its folder: `./archive/{{ app }}.log`.',
};

/** Options that come from elsewhere and may not, whatever the plugin. */
export function reportUntrusted(
  definition: ComponentDefinition,
  options: unknown,
  { body, value, path, names }: Written,
  problems: Problems,
): void {
  const written = definition.kind === 'output' ? definition.writes?.(options) : undefined;
  for (const { path: own, value: option } of valuesIn(options)) {
    const searches = option instanceof RegExp || (option instanceof Condition && option.matches);
    const refusal = searches ? expression : written !== undefined && option === written ? file : undefined;
    if (refusal === undefined) continue;
    // What a schema makes may have another shape than what is written.
    const at = placeOf(body, own);
    if (!isRemote(valueAt(body, at), names)) continue;
    problems.add({
      code: 'LC_CONFIG_UNTRUSTED',
      path: [...path, ...at],
      origin: (valueAt(value, own) ?? valueAt(value, at) ?? value).origin,
      ...refusal,
    });
  }
}

/** The longest beginning of a path at which something is written. */
function placeOf(body: ConfigValue, path: KeyPath): KeyPath {
  let length = path.length;
  while (length > 0 && !valueAt(body, path.slice(0, length))) length--;
  return path.slice(0, length);
}
