import type { FieldSink } from './format.ts';

/** Objects within objects, which become names with dots; what lies deeper stays JSON. */
const deepest = 8;

/** The members of a JSON object: `{"http":{"status":200}}` is `http.status`. Lists stay JSON, null is nothing. */
export function json(text: string, fields: FieldSink): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
    // Numbers that JavaScript would round are read again, as text.
    if (!flatten(value, '', 0, fields)) flatten(JSON.parse(text, sourceOf as Reviver) as object, '', 0, fields);
  } catch (error) {
    return error instanceof SyntaxError ? 'not JSON' : 'JSON that is nested too deeply';
  }
  return undefined;
}

/** Whether every number is exact. */
function flatten(members: object, prefix: string, depth: number, fields: FieldSink): boolean {
  let exact = true;
  for (const name in members) {
    const value = (members as Record<string, unknown>)[name];
    const full = prefix + name;
    if (typeof value === 'string') fields.add(full, value);
    else if (typeof value === 'number') {
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) exact = false;
      fields.add(full, String(value));
    } else if (typeof value === 'boolean') fields.add(full, String(value));
    else if (value !== null) {
      if (Array.isArray(value) || depth === deepest) fields.add(full, JSON.stringify(value));
      else if (!flatten(value as object, `${full}.`, depth + 1, fields)) exact = false;
    }
  }
  return exact;
}

type Reviver = (key: string, value: unknown) => unknown;

/** JSON.parse gives a reviver the source of each value that is no object; the types do not know it yet. */
function sourceOf(_key: string, value: unknown, { source }: { readonly source: string }): unknown {
  return typeof value === 'number' ? source : value;
}
