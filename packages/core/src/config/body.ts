import type { ComponentDefinition, Origin } from '@logcatch/plugin-api';
import { coreFields, coreSchema, explainKey, readAttributes } from './core-fields.ts';
import type { DesiredComponent } from './desired.ts';
import { interpolate, type Scope } from './interpolate.ts';
import { readOptions } from './options.ts';
import type { KeyPath } from './problem.ts';
import { viewOf } from './schema-view.ts';
import { type Component, readType, type Types } from './type-field.ts';
import { reportUntrusted } from './untrusted.ts';
import { type ConfigValue, isComplete, type MapEntry, type MapValue, plainOf } from './value.ts';

/** An id, or `id.exit`, in `inputs:`. */
export interface Reference {
  readonly text: string;
  readonly origin: Origin;
}

/** What one reading of a component's map gave. */
export interface Body {
  readonly definition: ComponentDefinition | undefined;
  /** `faulty` where something is said that could not be read. */
  readonly inputs: readonly Reference[] | 'faulty' | undefined;
  /** The `id:` of an entry. */
  readonly entryId: string | undefined;
  /** Unknown where that could not be read. */
  readonly required: boolean | undefined;
  /** Without its id; `undefined` where something is wrong. */
  readonly component: Omit<DesiredComponent, 'id' | 'origin' | 'remote'> | undefined;
}

/** Reads the map of a component, once or for each entry of its `each`, and reports all that is wrong with it. */
export function readBody(of: Component, body: MapValue, types: Types, scope: Scope): Body {
  const { kind, path, origin } = of;
  const { problems } = scope;
  const before = problems.size;
  const { type, definition } = readType(of, body, types, scope);
  const isCore = (key: string) => coreFields[kind].includes(key);
  const isRead = (key: string) => key === 'type' || (kind === 'input' && key === 'each');
  const isSecret = ([, , key = '', ...rest]: KeyPath) =>
    definition !== undefined && !isCore(String(key)) && viewOf(definition.options).isSecret([key, ...rest]);
  const value = interpolate(
    pick(body, (key) => !isRead(key)),
    path,
    { ...scope, isSecret },
  ) as MapValue;

  const reading = { path, origin, problems };
  const attributes =
    kind === 'input' ? readAttributes(value.entries.get('attributes')?.value, [...path, 'attributes'], problems) : {};
  const core = readOptions(
    coreSchema,
    pick(value, (key) => isCore(key) && key !== 'attributes'),
    { ...reading, hint: '' },
  )?.parsed;
  const options =
    definition &&
    readOptions(
      definition.options,
      pick(value, (key) => !isCore(key)),
      {
        ...reading,
        alsoKnown: coreFields[kind],
        hint: `See \`pipeline plugins ${type}${types.isBundled(kind, type!) ? '' : ` --file ${origin.file}`}\`.`,
        explainKey: (key) => explainKey(kind, key),
      },
    );

  if (definition) reportUntrusted(definition, options?.parsed, { body, value, path, names: scope.names }, problems);

  const rest = {
    definition,
    inputs: kind === 'input' ? undefined : referencesOf(value.entries.get('inputs')?.value),
    entryId: core?.id === undefined ? undefined : String(core.id),
    required: core?.required,
  };
  const valid = problems.size === before && definition && options && core;
  if (!valid) return { ...rest, component: undefined };
  const maxRecords = core.queue?.max_records;
  return {
    ...rest,
    component: {
      kind,
      type,
      definition,
      options: options.parsed,
      resolved: options.resolved,
      attributes,
      required: core.required,
      ...(maxRecords === undefined ? {} : { maxRecords }),
    },
  };
}

/** The references of an `inputs:`, each with its place; a text with commas gives them all its own. */
function referencesOf(value: ConfigValue | undefined): Body['inputs'] {
  if (value === undefined) return undefined;
  const result = coreSchema.shape.inputs.safeParse(plainOf(value));
  if (!result.success || result.data === undefined || !isComplete(value)) return 'faulty';
  const items = value.kind === 'list' && value.items.length === result.data.length ? value.items : undefined;
  return result.data.map((text, index) => ({ text, origin: items?.[index]?.origin ?? value.origin }));
}

function pick(value: MapValue, wanted: (key: string) => boolean): MapValue {
  return { ...value, entries: new Map<string, MapEntry>([...value.entries].filter(([key]) => wanted(key))) };
}
