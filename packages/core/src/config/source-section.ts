import { type ConfigSourceDefinition, type Origin, z } from '@logcatch/plugin-api';
import { checkId } from './core-fields.ts';
import { interpolate } from './interpolate.ts';
import { type NameSource, treeSource, unavailableSource } from './names.ts';
import { readOptions } from './options.ts';
import type { KeyPath, Problems } from './problem.ts';
import { isRemote, unavailableIn } from './references.ts';
import { viewOf } from './schema-view.ts';
import { reportUntrusted } from './untrusted.ts';
import { type ConfigValue, type JsonValue, type MapValue, reportKind } from './value.ts';
import { didYouMean, listed, quote } from './wording.ts';

/** A configuration source as the file asks for it. */
export interface DesiredSource {
  readonly name: string;
  readonly type: string;
  readonly definition: ConfigSourceDefinition;
  readonly options: unknown;
  readonly resolved: JsonValue;
  /** Entries that its list or map may have. */
  readonly maxEntries: number;
  readonly origin: Origin;
}

/** Types of configuration sources. */
export interface SourceTypes {
  sourceDefinition(type: string): ConfigSourceDefinition | undefined;
  sourceTypes(): string[];
}

/** The value of each source that has one, by name. */
export type SourceValues = ReadonlyMap<string, ConfigValue>;

export const reserved = ['env', 'each', 'host'];

export const sourceSchema = z.strictObject({
  max_entries: z
    .number()
    .int()
    .min(1)
    .default(10_000)
    .describe('Entries that its list or map may have; more are refused.'),
});

export interface SourceSection {
  readonly sources: readonly DesiredSource[];
  /** Sources whose own options name a source that has no value yet, by name, with those. */
  readonly waiting: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads `config:`, in order: a source may use those above it.
 * @param names gets the sources, with the values that are known
 */
export function readSources(
  root: MapValue,
  names: Map<string, NameSource>,
  values: SourceValues,
  types: SourceTypes,
  problems: Problems,
): SourceSection {
  const section = root.entries.get('config')?.value;
  const sources: DesiredSource[] = [];
  const waiting = new Map<string, readonly string[]>();
  if (section === undefined || (section.kind === 'scalar' && section.scalar === null)) return { sources, waiting };
  if (section.kind !== 'map') {
    reportKind(section, ['config'], 'a map of names to configuration sources', problems);
    return { sources, waiting };
  }
  for (const [name, { keyOrigin, value }] of section.entries) {
    const waits = unavailableIn(value, names);
    const source = readSource(name, keyOrigin, value, { names, types, problems });
    if (waits.length > 0) waiting.set(name, waits);
    else if (source) sources.push(source);
    const known = values.get(name);
    // What a remote value leads to is as little to be trusted.
    const remote = source?.definition.remote === true || isRemote(value, names);
    names.set(name, known ? { ...treeSource(known), remote } : unavailableSource(remote));
  }
  return { sources, waiting };
}

interface SourceScope {
  readonly names: ReadonlyMap<string, NameSource>;
  readonly types: SourceTypes;
  readonly problems: Problems;
}

function readSource(
  name: string,
  origin: Origin,
  value: ConfigValue,
  { names, types, problems }: SourceScope,
): DesiredSource | undefined {
  const path = ['config', name];
  const refuse = (message: string, hint: string, at = path) =>
    problems.add({ code: 'LC_CONFIG_VALUE', path: at, origin, message, hint });
  checkId(name, path, origin, problems);
  if (reserved.includes(name)) refuse(`${quote(name)} is a source that is always there`, 'Choose another name.');
  if (value.kind !== 'map') {
    reportKind(value, path, 'a map with a `type:`', problems);
    return undefined;
  }
  const written = value.entries.get('type')?.value;
  const offered = types.sourceTypes();
  if (written?.kind !== 'scalar' || typeof written.scalar !== 'string') {
    refuse('"type" is missing; it takes the type of a configuration source', listed('There are', offered), [
      ...path,
      'type',
    ]);
    return undefined;
  }
  const type = written.scalar;
  const definition = types.sourceDefinition(type);
  if (!definition) {
    const message = `no plugin offers a configuration source of type ${quote(type)}${didYouMean(type, offered)}`;
    problems.add({ code: 'LC_CONFIG_UNKNOWN_TYPE', path: [...path, 'type'], origin: written.origin, message });
    return undefined;
  }
  const scope = { names, problems };
  const isCore = (key: string) => key === 'max_entries';
  const pick = (wanted: (key: string) => boolean): MapValue => ({
    ...value,
    entries: new Map([...value.entries].filter(([key]) => key !== 'type' && wanted(key))),
  });
  const reading = { path, origin, problems };
  const core = readOptions(sourceSchema, interpolate(pick(isCore), path, scope) as MapValue, { ...reading, hint: '' });
  const isSecret = ([, , ...rest]: KeyPath) => viewOf(definition.options).isSecret(rest);
  const own = interpolate(
    pick((key) => !isCore(key)),
    path,
    { ...scope, isSecret },
  ) as MapValue;
  const options = readOptions(definition.options, own, {
    ...reading,
    alsoKnown: ['type', 'max_entries'],
    hint: `See \`pipeline plugins ${type}\`.`,
  });
  reportUntrusted(definition, options?.parsed, { body: value, value: own, path, names }, problems);
  if (!core || !options) return undefined;
  return {
    name,
    type,
    definition,
    options: options.parsed,
    resolved: options.resolved,
    maxEntries: core.parsed.max_entries,
    origin,
  };
}
