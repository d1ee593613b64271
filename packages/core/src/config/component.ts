import { createHash } from 'node:crypto';
import type { ComponentDefinition, Origin } from '@logcatch/plugin-api';
import { checkId, coreFields, coreSchema, entryIdFault, explainKey, readAttributes } from './core-fields.ts';
import type { DesiredComponent, Kind } from './desired.ts';
import { type EachEntry, entriesOf, type Identified, reportDuplicates } from './each.ts';
import { interpolate, type Scope } from './interpolate.ts';
import type { Names } from './names.ts';
import { readOptions } from './options.ts';
import { type EntryProblems, type KeyPath, Problems } from './problem.ts';
import { viewOf } from './schema-view.ts';
import { sections } from './settings.ts';
import { type ConfigValue, type JsonValue, type MapEntry, type MapValue, reportKind } from './value.ts';
import { didYouMean, listed, quote } from './wording.ts';

/** The types that plugins offer. */
export interface Types {
  definitionOf(kind: Kind, type: string): ComponentDefinition | undefined;
  typesOf(kind: Kind): string[];
}

/** An id, or `id.exit`, in `inputs:`. */
export interface Reference {
  readonly text: string;
  readonly origin: Origin;
}

/** A component as the file declares it. */
export interface Declared {
  readonly kind: Kind;
  readonly id: string;
  readonly path: KeyPath;
  readonly origin: Origin;
  /** What it makes: itself, or one for each entry of its `each`; none where it is not valid. */
  readonly components: readonly DesiredComponent[];
  /** What it says it reads; `faulty` where that could not be read. */
  readonly inputs: readonly Reference[] | 'faulty' | undefined;
  /** Names of its exits, none where it has but one way out; unknown where its type is. */
  readonly exits: readonly string[] | 'unknown';
}

/** What one reading of a component's map gave. */
interface Read {
  readonly definition: ComponentDefinition | undefined;
  readonly inputs: Declared['inputs'];
  /** The `id:` of an entry. */
  readonly entryId: string | undefined;
  /** Without its id; `undefined` where something is wrong. */
  readonly component: Omit<DesiredComponent, 'id' | 'origin'> | undefined;
}

/** Reads one component of the file, and reports all that is wrong with it. */
export function readComponent(
  kind: Kind,
  id: string,
  entry: MapEntry,
  scope: { readonly names: Names; readonly types: Types; readonly problems: Problems },
): Declared {
  const { names, types, problems } = scope;
  const path = [sections[kind], id];
  const declared = { kind, id, path, origin: entry.keyOrigin };
  checkId(id, path, entry.keyOrigin, problems);
  if (entry.value.kind !== 'map') {
    reportKind(entry.value, path, 'a map with a `type:`', problems);
    return { ...declared, components: [], inputs: 'faulty', exits: 'unknown' };
  }
  const body = entry.value;
  const reader = new Reader(declared, types);
  const each = kind === 'input' ? body.entries.get('each')?.value : undefined;
  if (each !== undefined) {
    const at = [...path, 'each'];
    const entries = entriesOf(interpolate(each, at, { names, problems }), at, problems) ?? [];
    return { ...declared, components: reader.each(body, entries, names, problems), inputs: undefined, exits: [] };
  }
  const idField = kind === 'input' ? body.entries.get('id') : undefined;
  if (idField !== undefined) {
    problems.add({
      code: 'LC_CONFIG_UNKNOWN_KEY',
      path: [...path, 'id'],
      origin: idField.keyOrigin,
      message: '`id:` is for the entries of an `each:`, and this input has none',
      hint: 'Remove it: the id of a component is its key.',
    });
  }
  const { component, definition, inputs } = reader.read(body, { names, problems });
  const exits = definition === undefined ? 'unknown' : definition.kind === 'transform' ? (definition.exits ?? []) : [];
  const components = component === undefined ? [] : [{ ...component, id, origin: entry.keyOrigin }];
  return { ...declared, components, inputs, exits };
}

/** Reads the map of one component, once or for each entry. */
class Reader {
  readonly #declared: Pick<Declared, 'kind' | 'id' | 'path' | 'origin'>;
  readonly #types: Types;

  constructor(declared: Pick<Declared, 'kind' | 'id' | 'path' | 'origin'>, types: Types) {
    this.#declared = declared;
    this.#types = types;
  }

  each(body: MapValue, entries: readonly EachEntry[], names: Names, problems: Problems): DesiredComponent[] {
    const told: EntryProblems[] = [];
    const identified: Identified[] = [];
    const components: DesiredComponent[] = [];
    for (const { label, origin, each } of entries) {
      const own = new Problems();
      told.push({ label, origin, problems: own });
      const read = this.read(body, { names: new Map(names).set('each', each), problems: own });
      const { component } = read;
      const part =
        read.entryId ??
        (typeof label === 'string' ? label : component === undefined ? undefined : hash(component.resolved));
      if (part === undefined) continue;
      const fault = entryIdFault(part);
      if (fault !== undefined) {
        const message = `the entry's id ${quote(part)} cannot be used: ${fault}`;
        own.add({
          code: 'LC_CONFIG_VALUE',
          path: this.#declared.path,
          origin,
          message,
          hint: 'Give the input another `id:`.',
        });
      }
      const id = `${this.#declared.id}/${part}`;
      identified.push({ label, origin, id });
      if (component !== undefined) components.push({ ...component, id, origin });
    }
    problems.addEntries(told);
    reportDuplicates(identified, this.#declared.id, problems);
    return components;
  }

  read(body: MapValue, scope: Scope): Read {
    const { kind, path, origin } = this.#declared;
    const { problems } = scope;
    const before = problems.size;
    const { type, definition } = this.#type(body, scope);
    const isCore = (key: string) => coreFields[kind].includes(key);
    const isSecret = (at: KeyPath) => {
      const [key, ...rest] = at.slice(path.length);
      return (
        definition !== undefined &&
        key !== undefined &&
        !isCore(String(key)) &&
        viewOf(definition.options).isSecret([key, ...rest])
      );
    };
    const rest: MapValue = { ...body, entries: pick(body, (key) => key !== 'type' && key !== 'each') };
    const value = interpolate(rest, path, { ...scope, isSecret }) as MapValue;
    const attributes =
      kind === 'input' ? readAttributes(value.entries.get('attributes')?.value, [...path, 'attributes'], problems) : {};

    const core = readOptions(
      coreSchema,
      { ...value, entries: pick(value, (key) => isCore(key) && key !== 'attributes') },
      { path, origin, problems, hint: '' },
    )?.parsed;
    const options =
      definition &&
      readOptions(
        definition.options,
        { ...value, entries: pick(value, (key) => !isCore(key)) },
        {
          path,
          origin,
          problems,
          alsoKnown: coreFields[kind],
          hint: `See \`pipeline plugins ${type}\`.`,
          explainKey: (key) => explainKey(kind, key),
        },
      );
    const said = value.entries.get('inputs')?.value;
    const inputs = said === undefined || kind === 'input' ? undefined : references(said, core?.inputs);
    const entryId = core?.id === undefined ? undefined : String(core.id);
    if (problems.size > before || !definition || !options || !core)
      return { definition, inputs, entryId, component: undefined };
    const maxRecords = core.queue?.max_records;
    const component = {
      kind,
      type,
      definition,
      options: options.parsed,
      resolved: options.resolved,
      attributes,
      required: core.required,
      ...(maxRecords === undefined ? {} : { maxRecords }),
    };
    return { definition, inputs, entryId, component };
  }

  #type(body: MapValue, scope: Scope): { type: string; definition: ComponentDefinition | undefined } {
    const { kind, path, origin } = this.#declared;
    const { problems } = scope;
    const at = [...path, 'type'];
    const types = this.#types.typesOf(kind).toSorted();
    const written = body.entries.get('type');
    if (written === undefined) {
      const message = `"type" is missing; it takes the type of ${article(kind)}`;
      problems.add({ code: 'LC_CONFIG_VALUE', path: at, origin, message, hint: listed('There are', types) });
      return { type: '', definition: undefined };
    }
    const value = interpolate(written.value, at, scope);
    if (value.kind !== 'scalar' || typeof value.scalar !== 'string') {
      reportKind(value, at, `the type of ${article(kind)}`, problems);
      return { type: '', definition: undefined };
    }
    const type = value.scalar;
    const definition = this.#types.definitionOf(kind, type);
    if (definition === undefined) {
      const other = (['input', 'transform', 'output'] as const).find((one) => this.#types.definitionOf(one, type));
      const message = other
        ? `${quote(type)} is a type of ${other}s, not of ${kind}s`
        : `no plugin offers ${article(kind)} of type ${quote(type)}${didYouMean(type, types)}`;
      const hint = other ? `Move it under \`${sections[other]}:\`.` : undefined;
      problems.add({
        code: 'LC_CONFIG_UNKNOWN_TYPE',
        path: at,
        origin: value.origin,
        message,
        ...(hint ? { hint } : {}),
      });
    }
    return { type, definition };
  }
}

/** The references of an `inputs:`, each with its place; a text with commas gives them all its own. */
function references(value: ConfigValue, texts: readonly string[] | undefined): readonly Reference[] | 'faulty' {
  if (texts === undefined) return 'faulty';
  const items = value.kind === 'list' && value.items.length === texts.length ? value.items : undefined;
  return texts.map((text, index) => ({ text, origin: items?.[index]?.origin ?? value.origin }));
}

/** Eight hex digits that tell entries apart by their options. Attributes are no options, so a new topic keeps the id. */
function hash(resolved: JsonValue): string {
  return createHash('sha256').update(canonical(resolved)).digest('hex').slice(0, 8);
}

/** JSON with sorted keys. */
function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function pick(value: MapValue, wanted: (key: string) => boolean): Map<string, MapEntry> {
  return new Map([...value.entries].filter(([key]) => wanted(key)));
}

function article(kind: Kind): string {
  return kind === 'transform' ? 'a transform' : `an ${kind}`;
}
