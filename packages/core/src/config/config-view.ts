import { LogcatchError, type Origin } from '@logcatch/plugin-api';
import { stringify } from 'yaml';
import type { LoadedFile } from '../engine.ts';
import type { SourceStatus } from '../reload/config-sources.ts';
import { entriesOf } from './each.ts';
import { parseExpression } from './expression.ts';
import { addressText } from './http.ts';
import type { ConfigValue, Desired, DesiredComponent, DesiredSource, JsonValue, Kind, SourceValues } from './index.ts';
import { interpolate } from './interpolate.ts';
import { envSource, hostSource, type NameSource, treeSource } from './names.ts';
import { withDefaults } from './option-defaults.ts';
import { type KeyPath, keyPath, Problems } from './problem.ts';
import { referencedSources } from './references.ts';
import { viewOf } from './schema-view.ts';
import { isSecretSetting, sections } from './settings.ts';
import { configValue, valueAt } from './value.ts';
import { didYouMean, listed } from './wording.ts';

export interface ConfigViewParts {
  readonly desired: Desired;
  /** What it was resolved from, and with. */
  readonly loaded: LoadedFile;
  readonly values: SourceValues;
  readonly sources: readonly SourceStatus[];
  readonly env: NodeJS.ProcessEnv;
  readonly host: string;
}

/** Where a value came from. */
export interface Explanation {
  /** Key and value as YAML; a secret is masked. */
  readonly text: string;
  /** `agent.ini:3:11`, `the environment variable KAFKA_BROKERS`, `the default of kafka`. */
  readonly from: string;
  /** The configuration sources that gave it. */
  readonly sources: readonly SourceStatus[];
  /** The `${}` it came through, and where that stands; of a secret without what else is written there. */
  readonly through?: { readonly text: string; readonly origin: Origin };
  /** Of what is inside of it, that which came through a `${}` of its own. */
  readonly inner: readonly Explanation[];
}

/** Stands for every secret, whatever it is made of. */
const masked = '<secret>';

/** A part of the state: a component, a source, or the top-level keys. */
interface Part {
  /** Where it is shown. */
  readonly path: KeyPath;
  /** Where it stands in the document. */
  readonly at: KeyPath;
  /** What is shown, every default and no secret in it. */
  readonly shown: { readonly [key: string]: JsonValue };
  /** What is written, with places and `${}` resolved; made when somebody asks. */
  written(): ConfigValue;
  isSecret(path: KeyPath): boolean;
  /** Who says what is not written. */
  defaultOf(key: string): string;
  /** What its `each:` is made of. */
  readonly each?: ConfigValue;
}

/**
 * A resolved state for people: whole, or one value with where it came from. The engine does not keep the places of values, so
 * they are found again here, in the file and the values that the state was resolved from.
 */
export class ConfigView {
  readonly #parts: ConfigViewParts;
  readonly #root: ConfigValue;
  readonly #names: ReadonlyMap<string, NameSource>;
  readonly #list: readonly Part[];

  constructor(parts: ConfigViewParts) {
    const { desired, loaded, values, env, host } = parts;
    this.#parts = parts;
    this.#root = configValue(loaded.value, loaded.document, new Problems());
    this.#names = new Map([
      ['env', envSource(env)],
      ['host', hostSource(host)],
      ...[...values].map(([name, value]) => [name, treeSource(value)] as const),
    ]);
    this.#list = [
      this.#settings(),
      ...desired.sources.map((source) => this.#source(source)),
      ...(['input', 'transform', 'output'] as const).flatMap((kind) => this.#components(kind)),
    ];
  }

  /** The whole state as YAML. Ids of entries of `each` are shown as they are, so it is no pipeline file. */
  get yaml(): string {
    const [settings, ...others] = this.#list;
    const document: Record<string, unknown> = { ...settings!.shown };
    const maps = new Map<string, [string, JsonValue][]>();
    for (const { path, shown } of others) {
      const section = String(path[0]);
      maps.set(section, [...(maps.get(section) ?? []), [String(path[1]), shown]]);
    }
    for (const [section, entries] of maps) document[section] = Object.fromEntries(entries);
    const waiting = this.#parts.desired.waiting.map(
      ({ id, sources }) => `# ${id} is not here: it waits for a value of ${sources.join(', ')}.\n`,
    );
    return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }) + waiting.join('');
  }

  /**
   * @param key as errors write it: `outputs.kafka.brokers`, `inputs.app/nginx.paths[0]`
   * @throws LC_CONFIG_UNKNOWN_KEY
   */
  explain(key: string): Explanation {
    for (const part of this.#list) {
      const path = pathsOf(part.shown).find((rest) => keyPath([...part.path, ...rest]) === key);
      if (!path || key === '') continue;
      const whole = this.#explain(part, path);
      if (whole.through) return whole;
      const inside = pathsOf(shownAt(part.shown, path)).filter((rest) => rest.length > 0);
      const inner = inside.map((rest) => this.#explain(part, [...path, ...rest])).filter(({ through }) => through);
      return { ...whole, inner };
    }
    throw this.#unknown(key);
  }

  #explain(part: Part, path: KeyPath): Explanation {
    const { document } = this.#parts.loaded;
    const key = keyPath([...part.path, ...path]);
    const text = stringify({ [key]: shownAt(part.shown, path) }, { lineWidth: 0 }).trimEnd();
    const written = part.written();
    const found = path.length === 0 ? written : valueAt(written, path);
    if (!found) return { text, from: part.defaultOf(String(path[0])), sources: [], inner: [] };
    // What is inside of a list or map came through the `${}` that it came through.
    const depth = path.findLastIndex((_, index) => valueAt(written, path.slice(0, index + 1))?.via !== undefined);
    const at = [...part.at, ...(depth < 0 ? path : path.slice(0, depth + 1))];
    const raw = valueAt(this.#root, at);
    const expression = raw?.kind === 'scalar' && typeof raw.scalar === 'string' ? raw.scalar : '';
    const references = parseExpression(expression).filter((one) => typeof one === 'object');
    if (references.length === 0) return { text, from: place(found.origin), sources: [], inner: [] };
    const via = depth < 0 ? undefined : valueAt(written, path.slice(0, depth + 1))?.via;
    const variable = via?.match(/^\$\{env\.(.*)\}$/)?.[1];
    const names = new Set(
      via === undefined ? references.map(({ path }) => path[0]) : [via.match(/^\$\{([^.}]*)/)?.[1]],
    );
    if (names.has('each')) for (const name of referencedSources(part.each)) names.add(name);
    return {
      text,
      inner: [],
      from: variable === undefined ? place(found.origin) : `the environment variable ${variable}`,
      sources: this.#parts.sources.filter(({ name }) => names.has(name)),
      through: {
        // What else is written there may be a part of the secret, or its default.
        text: part.isSecret(path) ? references.map((one) => one.text).join(' ') : expression,
        origin: document.originOf(at),
      },
    };
  }

  #settings(): Part {
    const { name, agentId, dataDir, plugins, shutdownTimeout, maxBytes, http } = this.#parts.desired;
    return {
      path: [],
      at: [],
      shown: {
        name,
        ...(agentId !== undefined && { agent_id: agentId }),
        data_dir: dataDir,
        ...(plugins.length > 0 && { plugins }),
        shutdown_timeout: shutdownTimeout % 1_000 === 0 ? `${shutdownTimeout / 1_000}s` : `${shutdownTimeout}ms`,
        max_bytes: maxBytes % 2 ** 20 === 0 ? `${maxBytes / 2 ** 20}MiB` : maxBytes,
        ...(http && {
          http: http.token === undefined ? addressText(http) : { listen: addressText(http), token: masked },
        }),
      },
      written: () => this.#resolved(this.#root, [], this.#names, ['config', ...Object.values(sections)]),
      isSecret: isSecretSetting,
      defaultOf: () => 'the default of logcatch',
    };
  }

  #source({ name, type, definition, resolved, maxEntries }: DesiredSource): Part {
    const path = ['config', name];
    const { isSecret } = viewOf(definition.options);
    const options = mask(withDefaults(definition.options, resolved), isSecret) as Part['shown'];
    return {
      path,
      at: path,
      shown: { type, ...options, max_entries: maxEntries },
      written: () => this.#resolved(valueAt(this.#root, path), path, this.#names),
      isSecret,
      defaultOf: (key) => `the default of ${Object.hasOwn(options, key) ? type : 'logcatch'}`,
    };
  }

  #components(kind: Kind): Part[] {
    const { desired } = this.#parts;
    const section = sections[kind];
    // Components of one `each` are in the order of its entries.
    const entries = new Map<string, NameSource[]>();
    return desired[section].map((component) => {
      const [declared = '', ...entry] = component.id.split('/');
      const at = [section, declared];
      const each = valueAt(this.#root, [...at, 'each']);
      if (each && !entries.has(declared)) {
        const list = entriesOf(
          interpolate(each, at, { names: this.#names, problems: new Problems() }),
          at,
          new Problems(),
        );
        entries.set(declared, list?.map((one) => one.each) ?? []);
      }
      const own = entry.length > 0 ? entries.get(declared)?.shift() : undefined;
      const names = own ? new Map(this.#names).set('each', own) : this.#names;
      return {
        ...this.#component(component),
        at,
        written: () => this.#resolved(valueAt(this.#root, at), at, names, ['each']),
        ...(each && { each }),
      };
    });
  }

  #component(component: DesiredComponent): Omit<Part, 'at' | 'written'> {
    const { kind, id, type, definition, resolved, attributes, required, maxRecords } = component;
    const { isSecret } = viewOf(definition.options);
    const options = mask(withDefaults(definition.options, resolved), isSecret) as Part['shown'];
    const inputs = this.#parts.desired.edges
      .filter(({ to }) => to === id)
      .map(({ from, exit }) => (exit === undefined ? from : `${from}.${exit}`));
    return {
      path: [sections[kind], id],
      shown: {
        type,
        ...(kind !== 'input' && { inputs }),
        ...options,
        ...(kind === 'input' && { attributes }),
        ...(kind === 'output' && { required, ...(maxRecords !== undefined && { queue: { max_records: maxRecords } }) }),
      },
      isSecret: (path) => Object.hasOwn(options, String(path[0])) && isSecret(path),
      defaultOf: (key) =>
        key === 'inputs'
          ? 'the order of the file'
          : `the default of ${Object.hasOwn(options, key) ? type : 'logcatch'}`,
    };
  }

  /** Without these keys: they belong to others, or to what each entry is made from. */
  #resolved(
    value: ConfigValue | undefined,
    path: KeyPath,
    names: ReadonlyMap<string, NameSource>,
    without: readonly string[] = [],
  ): ConfigValue {
    if (value?.kind !== 'map') return { kind: 'unresolved', origin: this.#root.origin };
    const entries = new Map([...value.entries].filter(([key]) => !without.includes(key)));
    return interpolate({ ...value, entries }, path, { names, problems: new Problems() });
  }

  #unknown(key: string): LogcatchError {
    const wanted = key.split('.').slice(0, 2).join('.');
    const held = this.#parts.desired.waiting.find(
      ({ kind, id }) => `${kind === 'config' ? 'config' : sections[kind]}.${id}` === wanted,
    );
    const origin = { file: this.#parts.loaded.document.originOf([]).file };
    if (held) {
      const message = `${wanted} waits for a value of ${held.sources.join(', ')}`;
      return new LogcatchError('LC_CONFIG_UNKNOWN_KEY', message, {
        origin,
        hint: 'It is known when its sources have values: --online asks them.',
      });
    }
    const known = this.#list.flatMap(({ path, shown }) => pathsOf(shown).map((rest) => keyPath([...path, ...rest])));
    const near = didYouMean(key, known);
    const parent = known.findLast((one) => one !== '' && key.startsWith(`${one}.`));
    const children = known.filter((one) => one.startsWith(parent === undefined ? '' : `${parent}.`));
    const depth = parent === undefined ? 2 : parent.split('.').length + 1;
    const short = children.filter((one) => one !== '' && one.split('.').length <= depth);
    return new LogcatchError('LC_CONFIG_UNKNOWN_KEY', `there is no ${JSON.stringify(key)}${near}`, {
      origin,
      hint: near === '' ? listed('There are', short, 30) || 'See `pipeline config FILE`.' : '',
    });
  }
}

/** Options without secrets. */
function mask(options: JsonValue, isSecret: (path: KeyPath) => boolean, path: KeyPath = []): JsonValue {
  if (path.length > 0 && isSecret(path)) return masked;
  if (Array.isArray(options)) return options.map((item, index) => mask(item, isSecret, [...path, index]));
  if (options === null || typeof options !== 'object') return options;
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, mask(value, isSecret, [...path, key])]),
  );
}

/** Paths of everything in a value, itself included. */
function pathsOf(value: JsonValue): KeyPath[] {
  if (value === null || typeof value !== 'object') return [[]];
  const children: [string | number, JsonValue][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...children.flatMap(([key, child]) => pathsOf(child).map((rest) => [key, ...rest]))];
}

function shownAt(value: JsonValue, path: KeyPath): JsonValue {
  return path.reduce<JsonValue>((at, key) => (at as { readonly [key: string]: JsonValue })[key]!, value);
}

function place({ file, line, column }: Origin): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}
