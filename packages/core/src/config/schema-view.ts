import { z } from '@logcatch/plugin-api';
import type { KeyPath } from './problem.ts';

interface JsonSchema {
  readonly properties?: { readonly [key: string]: JsonSchema };
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: { readonly [name: string]: JsonSchema };
  readonly secret?: boolean;
}

/** What messages need to know of a schema: the keys at a path, and whether a secret stands there. */
export interface SchemaView {
  keysAt(path: KeyPath): string[];
  /** Whether the value at this path is a secret, or part of one. */
  isSecret(path: KeyPath): boolean;
}

const views = new WeakMap<z.ZodType, SchemaView>();

export function viewOf(schema: z.ZodType): SchemaView {
  const view = views.get(schema) ?? makeView(schema);
  views.set(schema, view);
  return view;
}

function makeView(schema: z.ZodType): SchemaView {
  let root: JsonSchema;
  try {
    root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  } catch {
    // Without it only suggestions are lost, and every value counts as a secret.
    return { keysAt: () => [], isSecret: () => true };
  }

  /** The alternatives that a schema stands for. */
  const expand = (schema: JsonSchema, seen: ReadonlySet<JsonSchema> = new Set()): JsonSchema[] => {
    if (seen.has(schema)) return [];
    const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
    const named = schema.$ref?.match(/^#\/\$defs\/(.+)$/)?.[1];
    const target = schema.$ref === '#' ? root : named === undefined ? undefined : root.$defs?.[named];
    if (target) inner.push(target);
    const passed = new Set(seen).add(schema);
    return [schema, ...inner.flatMap((alternative) => expand(alternative, passed))];
  };
  const step = (schema: JsonSchema, segment: string | number): JsonSchema[] => {
    if (typeof segment === 'number') return typeof schema.items === 'object' ? expand(schema.items) : [];
    const property =
      schema.properties && Object.hasOwn(schema.properties, segment) ? schema.properties[segment] : undefined;
    if (property) return expand(property);
    return typeof schema.additionalProperties === 'object' ? expand(schema.additionalProperties) : [];
  };
  /** The alternatives at the root, then at each step of the path. */
  const along = (path: KeyPath): JsonSchema[][] => {
    const steps = [expand(root)];
    for (const segment of path) steps.push(steps.at(-1)!.flatMap((schema) => step(schema, segment)));
    return steps;
  };

  return {
    keysAt: (path) => [
      ...new Set(
        along(path)
          .at(-1)!
          .flatMap((schema) => Object.keys(schema.properties ?? {})),
      ),
    ],
    isSecret: (path) => along(path).some((schemas) => schemas.some((schema) => schema.secret === true)),
  };
}
