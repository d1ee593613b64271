import type { AnyDefinition } from '@logcatch/plugin-api';
import { type Reference, readBody } from './body.ts';
import { checkId } from './core-fields.ts';
import type { DesiredComponent, Kind } from './desired.ts';
import { type EachEntry, entriesOf, entryIdFault, hashOf, type Identified, reportDuplicates } from './each.ts';
import { interpolate } from './interpolate.ts';
import type { Names } from './names.ts';
import { type EntryProblems, type KeyPath, Problems } from './problem.ts';
import { isRemote, referencedSources, unavailableIn } from './references.ts';
import { sections } from './settings.ts';
import type { Component, Types } from './type-field.ts';
import { type MapEntry, type MapValue, reportKind } from './value.ts';
import { quote } from './wording.ts';

/** A component as the file declares it. */
export interface Declared extends Component {
  readonly id: string;
  /** What it makes: itself, or one for each entry of its `each`; none where it is not valid. */
  readonly components: readonly DesiredComponent[];
  /** Outputs: whether positions wait for it; unknown where that could not be read. */
  readonly required: boolean | undefined;
  /** What it says it reads; `faulty` where that could not be read. */
  readonly inputs: readonly Reference[] | 'faulty' | undefined;
  /** Sources without a value that its options name: it cannot run before they have one. */
  readonly waits: readonly string[];
  /** Names of its exits, none where it has but one way out; unknown where its type is. */
  readonly exits: readonly string[] | 'unknown';
}

export interface ComponentScope {
  readonly names: Names;
  readonly types: Types;
  readonly problems: Problems;
}

/** Reads one component of the file, and reports all that is wrong with it. */
export function readComponent(kind: Kind, id: string, entry: MapEntry, scope: ComponentScope): Declared {
  const { names, problems } = scope;
  const path: KeyPath = [sections[kind], id];
  const origin = entry.keyOrigin;
  const declared = { kind, id, path, origin };
  checkId(id, path, origin, problems);
  if (entry.value.kind !== 'map') {
    reportKind(entry.value, path, 'a map with a `type:`', problems);
    return { ...declared, components: [], waits: [], required: undefined, inputs: 'faulty', exits: 'unknown' };
  }
  const body = entry.value;
  const waits = unavailableIn(body, names);
  const remote = isRemote(body, names);
  reportUntrustedType(body, path, names, problems);
  const each = kind === 'input' ? body.entries.get('each')?.value : undefined;
  if (each !== undefined) {
    const at = [...path, 'each'];
    const entries = entriesOf(interpolate(each, at, scope), at, problems) ?? [];
    const remoteEach = isRemote(each, names);
    const told = entries.map((entry) => ({ ...entry, each: { ...entry.each, remote: remoteEach } }));
    const made = readEntries(declared, body, told, scope).map((component) => ({ ...component, remote }));
    return {
      ...declared,
      components: waits.length > 0 ? [] : made,
      waits,
      required: true,
      inputs: undefined,
      exits: [],
    };
  }
  if (kind === 'input') reportLoneId(body, path, problems);
  const { component, definition, required, inputs } = readBody(declared, body, scope.types, scope);
  const exits = exitsOf(definition, component);
  const components = component === undefined || waits.length > 0 ? [] : [{ ...component, id, origin, remote }];
  return { ...declared, components, waits, required, inputs, exits };
}

function exitsOf(
  definition: AnyDefinition | undefined,
  component: { readonly options: unknown } | undefined,
): Declared['exits'] {
  if (definition === undefined) return 'unknown';
  if (definition.kind !== 'transform' || !definition.exits) return [];
  return component === undefined ? 'unknown' : definition.exits(component.options);
}

function readEntries(
  declared: Component & { readonly id: string },
  body: MapValue,
  entries: readonly EachEntry[],
  { names, types, problems }: ComponentScope,
): Omit<DesiredComponent, 'remote'>[] {
  const told: EntryProblems[] = [];
  const identified: Identified[] = [];
  const components: Omit<DesiredComponent, 'remote'>[] = [];
  const ofEntry = [...body.entries].filter(([, { value }]) => referencedSources(value).has('each')).map(([key]) => key);
  for (const { label, origin, each } of entries) {
    const own = new Problems();
    told.push({ label, origin, problems: own });
    const scope = { names: new Map(names).set('each', each), problems: own };
    const { component, entryId } = readBody(declared, body, types, scope);
    const part = entryId ?? (typeof label === 'string' ? label : component && hashOf(component.resolved, ofEntry));
    // Its `id:` or its options could not be read, which was reported.
    if (part === undefined) continue;
    const fault = entryIdFault(part);
    if (fault !== undefined) {
      const message = `the entry's id ${quote(part)} cannot be used: ${fault}`;
      const hint = 'Give the input another `id:`.';
      own.add({ code: 'LC_CONFIG_VALUE', path: declared.path, origin, message, hint });
    }
    const id = `${declared.id}/${part}`;
    identified.push({ label, origin, id });
    if (component !== undefined) components.push({ ...component, id, origin });
  }
  problems.addEntries(told);
  reportDuplicates(identified, declared.path, problems);
  return components;
}

/** Remote configuration says what is read, never by which code. */
function reportUntrustedType(body: MapValue, path: KeyPath, names: Names, problems: Problems): void {
  const type = body.entries.get('type')?.value;
  const fromEach =
    type !== undefined && referencedSources(type).has('each') && isRemote(body.entries.get('each')?.value, names);
  if (type === undefined || !(fromEach || isRemote(type, names))) return;
  const message = 'a remote source cannot choose the type of a component';
  problems.add({ code: 'LC_CONFIG_UNTRUSTED', path: [...path, 'type'], origin: type.origin, message });
}

function reportLoneId(body: MapValue, path: KeyPath, problems: Problems): void {
  const entry = body.entries.get('id');
  if (entry === undefined) return;
  problems.add({
    code: 'LC_CONFIG_UNKNOWN_KEY',
    path: [...path, 'id'],
    origin: entry.keyOrigin,
    message: '`id:` is for the entries of an `each:`, and this input has none',
    hint: 'Remove it: the id of a component is its key.',
  });
}
