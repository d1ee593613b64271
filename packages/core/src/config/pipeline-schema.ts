import { type AnyDefinition, z } from '@logcatch/plugin-api';
import { builtIn, componentId, coreFields, coreSchema } from './core-fields.ts';
import { sections, settingsSchema } from './settings.ts';
import { reserved, sourceSchema } from './source-section.ts';

/** JSON Schema, draft 2020-12, as far as it is used here. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

type Properties = Readonly<Record<string, JsonSchema>>;

/** What a value can be besides itself. */
const reference = { $ref: '#/$defs/reference' };
/** Keywords that say something of a value and allow or forbid nothing. */
const annotations = ['title', 'description', 'default'];
/** Of zod's integers: says nothing. */
const largest = Number.MAX_SAFE_INTEGER;

const typeDescription = 'Type of the component.';

const kinds = {
  config: 'config',
  input: sections.input,
  transform: sections.transform,
  output: sections.output,
} as const;

/**
 * What a pipeline file may hold, for editors. What needs more than one value to be judged (references, ids, a check of a whole
 * plugin's options) is left to `pipeline check`.
 * @param definitions the component types there are
 * @param complete whether a file may have no others, whatever its `plugins:` are
 */
export function pipelineSchema(definitions: readonly AnyDefinition[], complete: boolean): JsonSchema {
  const typesOf = (kind: string) =>
    definitions
      .filter((one) => one.kind === kind)
      .map(({ type }) => type)
      .toSorted();
  const typeOf = (kind: string) => ({
    description: typeDescription,
    anyOf: [{ enum: typesOf(kind) }, reference],
  });
  const entries = Object.entries(kinds);
  const closed = Object.fromEntries(
    entries.map(([kind, section]) => [section, { additionalProperties: { properties: { type: typeOf(kind) } } }]),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Pipeline file of logcatch',
    type: 'object',
    required: [sections.input, sections.output],
    properties: {
      ...propertiesOf(settingsSchema),
      plugins: {
        description: 'Plugins that it uses: paths of files, or npm names.',
        type: ['array', 'null'],
        items: { type: 'string', minLength: 1, not: { pattern: '\\$\\{' } },
        uniqueItems: true,
      },
      config: section('config', 'Sources of values that change while it runs, as `${name.path}`.', {
        not: { enum: reserved },
      }),
      inputs: { ...section('input', 'What is read.'), type: 'object', minProperties: 1 },
      transforms: section('transform', 'What becomes of records on their way, in this order.'),
      outputs: { ...section('output', 'Where records go.'), type: 'object', minProperties: 1 },
      tests: { description: 'What `pipeline test` is to try.', type: ['array', 'null'] },
    },
    additionalProperties: false,
    ...(complete
      ? { allOf: [{ properties: closed }] }
      : { if: { required: ['plugins'] }, else: { properties: closed } }),
    $defs: {
      reference: {
        description: 'A value from elsewhere: `${source.path:-default}`.',
        type: 'string',
        pattern: '\\$\\{',
      },
      ...Object.fromEntries(entries.map(([kind]) => [kind, component(kind, typesOf(kind))])),
      ...Object.fromEntries(definitions.map((definition) => [nameOf(definition), options(definition)])),
    },
  };
}

function section(kind: string, description: string, names: JsonSchema = {}): JsonSchema {
  return {
    description,
    type: ['object', 'null'],
    propertyNames: { pattern: componentId.source, ...names },
    additionalProperties: { $ref: `#/$defs/${kind}` },
  };
}

/** Chooses by `type`. A type from elsewhere may be any. */
function component(kind: string, types: readonly string[]): JsonSchema {
  return {
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string', anyOf: [{ enum: types }, {}] } },
    allOf: types.map((type) => ({
      if: { required: ['type'], properties: { type: { const: type } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/$defs/${nameOf({ kind, type })}` },
    })),
  };
}

function nameOf({ kind, type }: { readonly kind: string; readonly type: string }): string {
  return `${kind}-${type}`;
}

/** The options of a type, with the fields that belong to the core. */
function options(definition: AnyDefinition): JsonSchema {
  const { kind, description } = definition;
  const own = schemaOf(definition.options, nameOf(definition));
  return {
    description,
    ...withCore(own, { type: { description: typeDescription, type: 'string' }, ...coreProperties(kind) }),
  };
}

function withCore(schema: JsonSchema, core: Properties): JsonSchema {
  if (schema.properties) return { ...schema, properties: { ...core, ...schema.properties } };
  // Alternatives as a whole; what cannot be looked into may hold anything.
  return schema.anyOf ? { ...schema, anyOf: schema.anyOf.map((one) => withCore(one, core)) } : { properties: core };
}

function coreProperties(kind: AnyDefinition['kind']): Properties {
  if (kind === 'config') return propertiesOf(sourceSchema);
  const schemas: Properties = {
    ...propertiesOf(coreSchema),
    each: { description: 'A list or map, mostly `${source}`: one input for each of its entries, as `${each}`.' },
    attributes: orReference({
      description: 'Attributes of every record.',
      type: 'object',
      propertyNames: { pattern: '^[\\w.-]+$', not: { enum: [...builtIn] } },
      additionalProperties: { type: ['string', 'number', 'boolean'] },
    }),
  };
  return Object.fromEntries(coreFields[kind].flatMap((name) => (schemas[name] ? [[name, schemas[name]]] : [])));
}

function propertiesOf(schema: z.ZodType): Properties {
  return schemaOf(schema, '').properties!;
}

/** @param place where it will stand under `$defs` */
function schemaOf(schema: z.ZodType, place: string): JsonSchema {
  try {
    const { $schema, ...made } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
    return inside(made, place);
  } catch {
    return {};
  }
}

/** As it stands in a pipeline file, where every value can also come from elsewhere. */
function inside(schema: JsonSchema, place: string): JsonSchema {
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'secret' || (keyword === 'maximum' && value === largest)) continue;
    if (keyword === 'properties' || keyword === '$defs') {
      const member = keyword === 'properties' ? optional : inside;
      result[keyword] = Object.fromEntries(
        Object.entries(value as Properties).map(([name, one]) => [name, member(one, place)]),
      );
    } else if ((keyword === 'items' || keyword === 'additionalProperties') && typeof value === 'object') {
      result[keyword] = optional(value as JsonSchema, place);
    } else if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'allOf') {
      result[keyword] = (value as readonly JsonSchema[]).map((one) => inside(one, place));
    } else if (keyword === '$ref') result[keyword] = String(value).replace(/^#/, `#/$defs/${place}`);
    // Not every validator knows classes of Unicode; `check` says the rest.
    else if (keyword === 'pattern')
      result[keyword] = String(value).replaceAll('\\p{L}\\p{N}', 'A-Za-z0-9\\u0080-\\uffff');
    else result[keyword] = value;
  }
  return result;
}

function optional(schema: JsonSchema, place: string): JsonSchema {
  return orReference(inside(schema, place));
}

function orReference(schema: JsonSchema): JsonSchema {
  if (takesText(schema)) return schema;
  const said = Object.entries(schema).filter(([keyword]) => annotations.includes(keyword));
  const { anyOf, ...rest } = Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => !annotations.includes(keyword)),
  ) as JsonSchema;
  const alone = anyOf && Object.keys(rest).length === 0;
  return {
    ...Object.fromEntries(said),
    anyOf: [...(alone ? anyOf : [{ ...rest, ...(anyOf && { anyOf }) }]), reference],
  };
}

/** Whether every text will do, so that a reference does too. */
function takesText(schema: JsonSchema): boolean {
  if (schema.anyOf) return schema.anyOf.some(takesText);
  const narrower = ['enum', 'const', 'pattern', '$ref', 'oneOf', 'allOf', 'format', 'maxLength', 'not'];
  if (narrower.some((keyword) => keyword in schema)) return false;
  return schema.type === undefined || schema.type === 'string';
}
