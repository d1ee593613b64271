import { isDeepStrictEqual } from 'node:util';
import { type Edge, LogcatchError, type Plan } from '@logcatch/plugin-api';
import type { Desired, DesiredComponent, RestartKey } from './desired.ts';
import { defaultDataDir } from './settings.ts';
import type { DesiredSource } from './source-section.ts';

/** What is taken live, by its key in the file. */
const live = { max_bytes: 'maxBytes', shutdown_timeout: 'shutdownTimeout', http: 'http' } as const satisfies Record<
  string,
  keyof Desired
>;

/**
 * What must happen to what runs, so that it becomes what is desired. Ids are in the order of the file: inputs, transforms,
 * outputs. A component in `retag` is in `relink` too if its edges are made anew.
 */
export function diff(current: Desired, next: Desired): Plan {
  const before = byId(current);
  const after = byId(next);
  const kept = [...after.values()].filter(({ id }) => before.has(id));
  const change = kept.filter((one) => !isSame(before.get(one.id)!, one)).map(({ id }) => id);
  const rebuilt = new Set(change);
  const same = kept.filter(({ id }) => !rebuilt.has(id));
  const outgoing = { before: edgesFrom(current.edges), after: edgesFrom(next.edges) };
  return {
    add: [...after.keys()].filter((id) => !before.has(id)),
    change,
    retag: same.filter((one) => !isDeepStrictEqual(before.get(one.id)!.attributes, one.attributes)).map(({ id }) => id),
    remove: [...before.keys()].filter((id) => !after.has(id)),
    relink: same
      .filter(({ id }) => {
        const edges = outgoing.after.get(id) ?? new Map();
        const known = outgoing.before.get(id) ?? new Map();
        return edges.size !== known.size || [...edges].some(([key, { to }]) => !known.has(key) || rebuilt.has(to));
      })
      .map(({ id }) => id),
    sources: diffSources(current.sources, next.sources),
    settings: Object.entries(live).flatMap(([key, field]) =>
      isDeepStrictEqual(current[field], next[field]) ? [] : [key],
    ),
  };
}

/** An input that does what another did under another id: positions belong to the id, so it does not go on from them. */
export interface Renamed {
  readonly id: string;
  /** The id before. */
  readonly before: string;
}

export function renamedInputs(current: Desired, next: Desired): Renamed[] {
  const only = ({ inputs }: Desired, { inputs: others }: Desired) => {
    const known = new Set(others.map(({ id }) => id));
    return inputs.filter(({ id }) => !known.has(id));
  };
  const does = ({ type, resolved }: DesiredComponent) => JSON.stringify([type, resolved]);
  const gone = new Map(only(current, next).map((input) => [does(input), input.id]));
  return only(next, current).flatMap((input) => {
    const before = gone.get(does(input));
    return before === undefined ? [] : [{ id: input.id, before }];
  });
}

/** Whether a plan leaves everything as it is. */
export function isEmpty({ sources, ...rest }: Plan): boolean {
  return [...Object.values(rest), ...Object.values(sources)].every((names) => names.length === 0);
}

/** Whether a source can go on as it is. */
export function isSameSource(a: DesiredSource, b: DesiredSource): boolean {
  return a.type === b.type && a.maxEntries === b.maxEntries && isDeepStrictEqual(a.resolved, b.resolved);
}

function diffSources(current: readonly DesiredSource[], next: readonly DesiredSource[]): Plan['sources'] {
  const before = new Map(current.map((source) => [source.name, source]));
  const after = new Map(next.map((source) => [source.name, source]));
  const names = (sources: Iterable<DesiredSource>) => [...sources].map(({ name }) => name);
  return {
    add: names(after.values()).filter((name) => !before.has(name)),
    change: names(next.filter((source) => before.has(source.name) && !isSameSource(before.get(source.name)!, source))),
    remove: names(before.values()).filter((name) => !after.has(name)),
  };
}

/** The keys that changed and cannot change live, each as an error at its place in the next document. */
export function needsRestart(current: Desired, next: Desired): LogcatchError[] {
  const read: Record<RestartKey, (desired: Desired) => unknown> = {
    name: ({ name }) => name,
    agent_id: ({ agentId }) => agentId,
    data_dir: ({ dataDir }) => dataDir,
    plugins: ({ plugins }) => plugins,
  };
  const keys = Object.keys(read) as RestartKey[];
  // A data_dir that follows from the name changes with it: saying so twice would be noise.
  const derived = [current, next].every(({ dataDir, file, name }) => dataDir === defaultDataDir(file, name));
  return keys
    .filter(
      (key) =>
        !isDeepStrictEqual(read[key](current), read[key](next)) &&
        !(derived && current.name !== next.name && key === 'data_dir'),
    )
    .map((key) => {
      const [from, to] = [read[key](current), read[key](next)].map((value) => JSON.stringify(value) ?? 'nothing');
      return new LogcatchError('LC_CONFIG_NEEDS_RESTART', `it changed from ${from} to ${to}: this needs a restart`, {
        at: key,
        origin: next.origins[key],
      });
    });
}

/** Whether a component can go on as it is, but for its attributes. */
function isSame(a: DesiredComponent, b: DesiredComponent): boolean {
  return (
    a.kind === b.kind &&
    a.type === b.type &&
    a.required === b.required &&
    a.maxRecords === b.maxRecords &&
    isDeepStrictEqual(a.resolved, b.resolved)
  );
}

function byId({ inputs, transforms, outputs }: Desired): Map<string, DesiredComponent> {
  return new Map([...inputs, ...transforms, ...outputs].map((one) => [one.id, one]));
}

/** By id, the edges that leave it, each under a key that tells them apart. */
function edgesFrom(edges: readonly Edge[]): Map<string, Map<string, Edge>> {
  const result = new Map<string, Map<string, Edge>>();
  for (const edge of edges) {
    const own = result.get(edge.from) ?? new Map<string, Edge>();
    result.set(edge.from, own.set(JSON.stringify([edge.exit, edge.to]), edge));
  }
  return result;
}
