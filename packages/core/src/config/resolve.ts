import type { Edge } from '@logcatch/plugin-api';
import { type ComponentScope, type Declared, readComponent } from './component.ts';
import type { Desired, Kind, Waiting } from './desired.ts';
import type { PipelineDocument } from './document.ts';
import { ConfigErrors } from './errors.ts';
import { reportSecondRequired } from './exactly-once.ts';
import { envSource, hostSource, type NameSource } from './names.ts';
import { Problems } from './problem.ts';
import { readSettings, type Settings, sections } from './settings.ts';
import { reportSecondSingle } from './single.ts';
import { readSources, type SourceTypes, type SourceValues } from './source-section.ts';
import type { Types } from './type-field.ts';
import { configValue, type MapValue, reportKind } from './value.ts';
import { warningsOf } from './warnings.ts';
import { wire } from './wiring.ts';

/** What a document is resolved with. */
export interface ResolveScope extends Types, SourceTypes {
  readonly env: NodeJS.ProcessEnv;
  readonly host: string;
  /** Values of the configuration sources that have one. */
  readonly values: SourceValues;
}

/**
 * The top-level settings alone: they name no configuration source, so they are known before any.
 * @throws {ConfigErrors}
 */
export function resolveSettings(
  document: PipelineDocument,
  value: unknown,
  scope: Pick<ResolveScope, 'env' | 'host'>,
): Settings {
  const problems = new Problems();
  const { file } = document.originOf([]);
  const settings = readSettings(document, rootOf(document, value, problems), baseNames(scope), problems);
  if (settings === undefined || problems.size > 0) throw new ConfigErrors(problems.errors(file));
  return settings;
}

/**
 * From a document to the desired state it describes.
 * @param value the document's value, as the plugins' `config` hooks left it
 * @throws {ConfigErrors} with everything that is wrong with it
 */
export function resolveDocument(document: PipelineDocument, value: unknown, scope: ResolveScope): Desired {
  const problems = new Problems();
  const { file } = document.originOf([]);
  const root = rootOf(document, value, problems);
  const names = baseNames(scope);
  const settings = readSettings(document, root, names, problems);
  const section = readSources(root, names, scope.values, scope, problems);
  const declared = (['input', 'transform', 'output'] as const).flatMap((kind) =>
    readSection(kind, root, { names, types: scope, problems }),
  );
  reportSharedIds(declared, problems);
  const edges = wire(declared, problems);
  reportSecondRequired(declared, problems);
  reportSecondSingle(declared, problems);
  if (settings === undefined || problems.size > 0) throw new ConfigErrors(problems.errors(file));
  const held = waitingFor(declared, edges);
  const componentsOf = (kind: Kind) =>
    declared.filter((one) => one.kind === kind && !held.has(one)).flatMap(({ components }) => components);
  const ids = new Set(
    (['input', 'transform', 'output'] as const).flatMap((kind) => componentsOf(kind).map(({ id }) => id)),
  );
  const runs = ({ from, to }: Edge) => ids.has(from) && ids.has(to);
  return {
    ...settings,
    sources: section.sources,
    waiting: waitingOf(held, section.waiting, root),
    inputs: componentsOf('input'),
    transforms: componentsOf('transform'),
    outputs: componentsOf('output'),
    edges: edges.filter(runs),
    waitingEdges: edges.filter((edge) => !runs(edge)),
    warnings: warningsOf(declared, edges, document, settings.file).errors(file),
  };
}

function rootOf(document: PipelineDocument, value: unknown, problems: Problems): MapValue {
  const root = configValue(value, document, problems);
  if (root.kind !== 'map') reportKind(root, [], 'a map with `inputs:` and `outputs:`', problems);
  problems.check(document.originOf([]).file);
  return root as MapValue;
}

function baseNames({ env, host }: Pick<ResolveScope, 'env' | 'host'>): Map<string, NameSource> {
  return new Map([
    ['env', envSource(env)],
    ['host', hostSource(host)],
  ]);
}

/**
 * What cannot run yet, with the sources it waits for: components that name a source without a value, and those in front
 * of them, whose records would pass for delivered although they never reached what is missing.
 */
function waitingFor(declared: readonly Declared[], edges: readonly Edge[]): Map<Declared, ReadonlySet<string>> {
  const held = new Map<Declared, Set<string>>(
    declared.filter(({ waits }) => waits.length > 0).map((one) => [one, new Set(one.waits)]),
  );
  const byId = new Map(
    declared.flatMap((one) => [[one.id, one] as const, ...one.components.map(({ id }) => [id, one] as const)]),
  );
  for (let grew = true; grew; ) {
    grew = false;
    for (const { from, to } of edges) {
      const behind = held.get(byId.get(to)!);
      const front = byId.get(from)!;
      if (!behind || held.has(front)) continue;
      held.set(front, new Set(behind));
      grew = true;
    }
  }
  return held;
}

function waitingOf(
  held: ReadonlyMap<Declared, ReadonlySet<string>>,
  sources: ReadonlyMap<string, readonly string[]>,
  root: MapValue,
): Waiting[] {
  const section = root.entries.get('config')?.value;
  const originOf = (name: string) =>
    (section?.kind === 'map' ? section.entries.get(name)?.keyOrigin : undefined) ?? root.origin;
  return [
    ...[...sources].map(([id, waits]) => ({ kind: 'config' as const, id, sources: waits, origin: originOf(id) })),
    ...[...held].map(([{ kind, id, origin }, waits]) => ({ kind, id, sources: [...waits], origin })),
  ];
}

function readSection(kind: Kind, root: MapValue, scope: ComponentScope): Declared[] {
  const { problems } = scope;
  const section = sections[kind];
  const entry = root.entries.get(section);
  const value = entry?.value;
  const empty = value === undefined || (value.kind === 'scalar' && value.scalar === null);
  if (empty || (value.kind === 'map' && value.entries.size === 0)) {
    if (kind === 'transform') return [];
    const message = `a pipeline needs at least one ${kind}`;
    const hint = `Add one under \`${section}:\`.`;
    problems.add({ code: 'LC_CONFIG_VALUE', path: [section], origin: entry?.keyOrigin ?? root.origin, message, hint });
    return [];
  }
  if (value.kind !== 'map') {
    reportKind(value, [section], `a map of ids to ${section}`, problems);
    return [];
  }
  return [...value.entries].map(([id, one]) => readComponent(kind, id, one, scope));
}

/** Ids are unique over all three maps: edges and metrics use them alone. */
function reportSharedIds(declared: readonly Declared[], problems: Problems): void {
  const first = new Map<string, Declared>();
  for (const one of declared) {
    const before = first.get(one.id);
    if (before === undefined) {
      first.set(one.id, one);
      continue;
    }
    const { line, column } = before.origin;
    const message = `its id is also that of ${before.path.join('.')} (${[line, column].join(':')})`;
    const hint = 'Rename one of them: ids are unique in the whole file.';
    problems.add({ code: 'LC_CONFIG_DUPLICATE_ID', path: one.path, origin: one.origin, message, hint });
  }
}
