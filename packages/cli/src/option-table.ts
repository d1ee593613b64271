import { z } from '@logcatch/plugin-api';

export interface OptionRow {
  /** Dotted for nested options. */
  readonly name: string;
  readonly type: string;
  /** Empty where there is none; `required` where it must be given. */
  readonly fallback: string;
  readonly description: string;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** Options, from the schema of a component type or of the file itself: for `pipeline plugins TYPE` and the docs. */
export function optionRows(options: z.ZodType): OptionRow[] {
  return rowsOf(z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }) as JsonSchema, '');
}

function rowsOf(schema: JsonSchema, prefix: string): OptionRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    const name = prefix + key;
    const required = schema.required?.includes(key) && option.default === undefined;
    const fallback = option.default === undefined ? (required ? 'required' : '') : JSON.stringify(option.default);
    const nested = option.properties ? option : option.anyOf?.find(({ properties }) => properties);
    const isSecret = nested?.properties && Object.keys(nested.properties).join() === 'file';
    const row = { name, type: isSecret ? 'secret' : typeOf(option), fallback, description: option.description ?? '' };
    return nested && !isSecret ? [row, ...rowsOf(nested, `${name}.`)] : [row];
  });
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.join(', ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object')
    return schema.properties ? 'map' : `map of ${typeOf(schema.additionalProperties as JsonSchema)}`;
  return [schema.type ?? 'any'].flat().map(plainly).join(' or ');
}

function plainly(type: string): string {
  return { string: 'text', integer: 'number' }[type] ?? type;
}

/** As a Markdown table. */
export function markdownTable(rows: readonly OptionRow[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const lines = rows.map(
    ({ name, type, fallback, description }) =>
      `| \`${name}\` | ${cell(type)} | ${fallback && fallback !== 'required' ? `\`${cell(fallback)}\`` : fallback} | ${cell(description)} |`,
  );
  return ['| option | type | default | |', '| --- | --- | --- | --- |', ...lines].join('\n');
}
