import type { z } from '@logcatch/plugin-api';
import { everyIssue, expectation } from './issues.ts';
import type { KeyPath } from './problem.ts';
import { type ConfigValue, type JsonValue, valueAt } from './value.ts';

/** Data as a schema sees it, and what the schema says. */
export interface Attempt<Schema extends z.ZodType> {
  readonly plain: JsonValue;
  readonly result: z.ZodSafeParseResult<z.output<Schema>>;
}

/**
 * Parses data, and gives texts from sources without types (env, ini) the type that their option takes: `"3"` becomes 3,
 * `"true"` true. The schema decides: only what it refuses as text, and takes as what it looks like, is changed.
 * @param value the data with the origins of its values
 */
export function parseCoerced<Schema extends z.ZodType>(
  schema: Schema,
  value: ConfigValue,
  plain: JsonValue,
): Attempt<Schema> {
  const attempt = (data: JsonValue) => ({ plain: data, result: schema.safeParse(data, { error: expectation }) });
  let best = attempt(plain);
  const tried = new Set<string>();
  // A value that was changed may bring a schema to look at others.
  for (let progress = true; progress && !best.result.success; ) {
    progress = false;
    for (const { path } of everyIssue(best.result.error?.issues ?? [])) {
      const text = textAt(value, path);
      const key = JSON.stringify(path);
      const converted = text === undefined || tried.has(key) ? undefined : convert(text.trim());
      if (converted === undefined) continue;
      tried.add(key);
      const next = attempt(replaced(best.plain, path, converted));
      if (next.result.success || takes(next.result.error.issues, key)) [best, progress] = [next, true];
    }
  }
  return best;
}

/** Whether the value at a path is of the right type, though perhaps out of bounds. */
function takes(issues: readonly z.core.$ZodIssue[], key: string): boolean {
  return ![...everyIssue(issues)].some(
    ({ issue, path }) =>
      JSON.stringify(path) === key &&
      (issue.code === 'invalid_union' ||
        issue.code === 'invalid_value' ||
        (issue.code === 'invalid_type' && issue.expected !== 'int')),
  );
}

function textAt(value: ConfigValue, path: KeyPath): string | undefined {
  const at = valueAt(value, path);
  return at?.kind === 'scalar' && at.coercible && typeof at.scalar === 'string' ? at.scalar : undefined;
}

function convert(text: string): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

function replaced(plain: JsonValue, path: KeyPath, value: JsonValue): JsonValue {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (Array.isArray(plain)) return plain.map((item, index) => (index === segment ? replaced(item, rest, value) : item));
  return Object.fromEntries(
    Object.entries(plain as { readonly [key: string]: JsonValue }).map(([key, item]) => [
      key,
      key === String(segment) ? replaced(item, rest, value) : item,
    ]),
  );
}
