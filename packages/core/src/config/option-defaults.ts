import { z } from '@logcatch/plugin-api';
import type { JsonValue } from './index.ts';

interface JsonSchema {
  readonly properties?: { readonly [key: string]: JsonSchema };
  readonly anyOf?: readonly JsonSchema[];
  readonly default?: JsonValue;
}

/**
 * Options as a person would have written them with every default: in the order of the schema, then what it does not name. A
 * schema that cannot be looked into leaves them as they are.
 */
export function withDefaults(schema: z.ZodType, options: JsonValue): JsonValue {
  try {
    return filled(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, options);
  } catch {
    return options;
  }
}

function filled(schema: JsonSchema, value: JsonValue): JsonValue {
  if (!isMap(value)) return value;
  const properties = (schema.properties ? schema : schema.anyOf?.find((one) => one.properties))?.properties ?? {};
  const result = new Map<string, JsonValue>();
  for (const [key, property] of Object.entries(properties)) {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    const known = given ?? property.default;
    if (known !== undefined) result.set(key, filled(property, known));
  }
  for (const [key, given] of Object.entries(value)) if (!result.has(key)) result.set(key, given);
  return Object.fromEntries(result);
}

function isMap(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
