import { type ComponentScope, type Declared, readComponent } from './component.ts';
import type { Desired, Kind } from './desired.ts';
import type { PipelineDocument } from './document.ts';
import { ConfigErrors } from './errors.ts';
import { envSource, hostSource, type Names } from './names.ts';
import { Problems } from './problem.ts';
import { readSettings, sections } from './settings.ts';
import type { Types } from './type-field.ts';
import { configValue, type MapValue, reportKind } from './value.ts';
import { wire } from './wiring.ts';

/** What a document is resolved with. */
export interface ResolveScope extends Types {
  readonly env: NodeJS.ProcessEnv;
  readonly host: string;
}

/**
 * From a document to the desired state it describes.
 * @param value the document's value, as the plugins' `config` hooks left it
 * @throws {ConfigErrors} with everything that is wrong with it
 */
export function resolveDocument(document: PipelineDocument, value: unknown, scope: ResolveScope): Desired {
  const problems = new Problems();
  const { file } = document.originOf([]);
  const root = configValue(value, document, problems);
  if (root.kind !== 'map') reportKind(root, [], 'a map with `inputs:` and `outputs:`', problems);
  problems.check(file);

  const names: Names = new Map([
    ['env', envSource(scope.env)],
    ['host', hostSource(scope.host)],
  ]);
  const settings = readSettings(document, root as MapValue, names, problems);
  const declared = (['input', 'transform', 'output'] as const).flatMap((kind) =>
    readSection(kind, root as MapValue, { names, types: scope, problems }),
  );
  reportSharedIds(declared, problems);
  const edges = wire(declared, problems);
  if (settings === undefined || problems.size > 0) throw new ConfigErrors(problems.errors(file));
  const componentsOf = (kind: Kind) =>
    declared.filter((one) => one.kind === kind).flatMap(({ components }) => components);
  return {
    ...settings,
    inputs: componentsOf('input'),
    transforms: componentsOf('transform'),
    outputs: componentsOf('output'),
    edges,
  };
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
