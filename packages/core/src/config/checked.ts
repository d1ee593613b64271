import type { z } from '@logcatch/plugin-api';
import type { PipelineDocument } from './document.ts';
import { readOptions } from './options.ts';
import { Problems } from './problem.ts';
import { configValue, type MapValue } from './value.ts';

/**
 * What a document holds, checked against a schema. No `${}` in it is resolved.
 * @param keys top-level keys that are looked at. Default: all
 * @throws {ConfigErrors} with everything that is wrong
 */
export function checkedDocument<Schema extends z.ZodType>(
  document: PipelineDocument,
  schema: Schema,
  keys?: readonly string[],
): z.output<Schema> {
  const problems = new Problems();
  const { file } = document.originOf([]);
  const root = configValue(document.value, document, problems) as MapValue;
  const entries = new Map([...root.entries].filter(([key]) => keys?.includes(key) ?? true));
  const options = readOptions(
    schema,
    { ...root, entries },
    { path: [], origin: document.originOf([]), problems, hint: '' },
  );
  problems.check(file);
  return options!.parsed;
}
