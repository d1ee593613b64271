import type { Origin } from '@logcatch/plugin-api';
import { type ConfigValue, type MapValue, valueAt } from './value.ts';
import { nearest } from './wording.ts';

/** One source of configuration values: what a `${}` can name behind `env.`, `each.` and so on. */
export interface NameSource {
  /**
   * The value at this path, or `undefined` where nothing is.
   * @param used where the `${}` stands: the origin of values that have no place of their own
   */
  lookup(path: readonly string[], used: Origin): ConfigValue | undefined;
  /** It has no value yet: what names it waits. */
  readonly unavailable?: boolean;
  /** Its values come from elsewhere: they are untrusted. */
  readonly remote?: boolean;
  /** The paths there are, as written behind the source's name; '' for the source itself. To find the nearest. */
  paths(): Iterable<string>;
}

export type Names = ReadonlyMap<string, NameSource>;

/** `${env.NAME}`: text that becomes what its option takes. */
export function envSource(env: NodeJS.ProcessEnv): NameSource {
  return {
    lookup(path, origin) {
      const name = path.join('.');
      // `__proto__` is no variable.
      const scalar = Object.hasOwn(env, name) ? env[name] : undefined;
      return scalar === undefined ? undefined : { kind: 'scalar', scalar, origin, coercible: true };
    },
    paths: () => Object.keys(env),
  };
}

/** `${host}`. */
export function hostSource(host: string): NameSource {
  return {
    lookup: (path, origin) =>
      path.length > 0 ? undefined : { kind: 'scalar', scalar: host, origin, coercible: false },
    paths: () => [''],
  };
}

/** `${name}` and `${name.path}` for a value that is known as a whole. */
export function treeSource(value: ConfigValue): NameSource {
  return {
    lookup: (path) => valueAt(value, path),
    paths: () => ['', ...pathsOf(value)],
  };
}

/** A source without a value. What names it waits for it, and says so elsewhere than as an error. */
export function unavailableSource(remote: boolean): NameSource {
  return { lookup: (_path, origin) => ({ kind: 'unresolved', origin }), paths: () => [], unavailable: true, remote };
}

/** `${each.key}`, `${each.value}` and the fields of the value, for an entry of a map. */
export function keyedSource(key: string, keyOrigin: Origin, value: ConfigValue): NameSource {
  const own = new Map([
    ['key', { keyOrigin, value: { kind: 'scalar', scalar: key, origin: keyOrigin, coercible: false } as const }],
    ['value', { keyOrigin, value }],
  ]);
  const fields = value.kind === 'map' ? value.entries : new Map();
  const tree: MapValue = { kind: 'map', origin: value.origin, entries: new Map([...fields, ...own]) };
  return {
    // The entry as a whole is no value: `${each}` is for lists.
    lookup: (path) => (path.length === 0 ? undefined : valueAt(tree, path)),
    paths: () => pathsOf(tree),
  };
}

/** The name that was probably meant, as it would stand in `${}`. */
export function nearestName(names: Names, [root = '', ...rest]: readonly string[]): string | undefined {
  const source = names.get(root);
  if (source !== undefined) {
    const near = nearest(rest.join('.'), [...source.paths()]);
    return near === undefined || near === '' ? undefined : `${root}.${near}`;
  }
  const all = [...names].flatMap(([name, { paths }]) => [...paths()].map((at) => (at === '' ? name : `${name}.${at}`)));
  // `${HOME}` is what people write who come from shells.
  const whole = [root, ...rest].join('.');
  return all.find((name) => name.endsWith(`.${whole}`)) ?? nearest(whole, all);
}

/** Paths of the fields of a map, two levels of them. */
function pathsOf(value: ConfigValue, depth = 2): string[] {
  if (value.kind !== 'map' || depth === 0) return [];
  return [...value.entries].flatMap(([key, entry]) => [
    key,
    ...pathsOf(entry.value, depth - 1).map((rest) => `${key}.${rest}`),
  ]);
}
