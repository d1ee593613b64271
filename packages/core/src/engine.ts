import { hostname } from 'node:os';
import {
  type AnyDefinition,
  type ComponentPlugin,
  type EngineHandle,
  type EngineHooks,
  LogcatchError,
  messageOf,
  type Plugin,
} from '@logcatch/plugin-api';
import {
  ConfigErrors,
  type Desired,
  type PipelineDocument,
  parseDocument,
  pluginsOf,
  readDocument,
  resolveDocument,
  resolveSettings,
  type Settings,
  type SourceValues,
} from './config/index.ts';
import { engineHooks } from './hooks.ts';
import type { Log } from './log.ts';
import { loadPlugin } from './plugins.ts';
import { type AnyKind, Registry } from './registry.ts';

/** Component types that come with logcatch, each loaded only when a pipeline file names it. */
export type BundledPlugins = Readonly<Record<AnyKind, Readonly<Record<string, () => Promise<ComponentPlugin>>>>>;

export interface EngineOptions {
  readonly log: Log;
  readonly bundled: BundledPlugins;
  readonly env: NodeJS.ProcessEnv;
  /** Default: that of the machine. */
  readonly host?: string;
  /** What transforms take for the time, in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
  /** What is used in the place of a definition, of the same kind, type and options: for pipelines that run on memory. */
  readonly standIn?: (definition: AnyDefinition) => AnyDefinition;
}

/** A pipeline file as it was read, its configuration sources not asked. */
export interface LoadedFile {
  readonly document: PipelineDocument;
  /** The document's data as the plugins left it. */
  readonly value: unknown;
  readonly settings: Settings;
}

/** Lives as long as the process: plugins, component types, and the way from a pipeline file to a desired state. */
export class Engine implements EngineHandle {
  readonly hooks: EngineHooks;
  readonly log: Log;
  readonly host: string;
  readonly now: () => number;
  readonly #registry: Registry;
  readonly #bundled: BundledPlugins;
  readonly #env: NodeJS.ProcessEnv;
  #plugins: readonly string[] | undefined;

  constructor({ log, bundled, env, host = hostname(), now = () => performance.now(), standIn }: EngineOptions) {
    this.log = log;
    this.host = host;
    this.now = now;
    this.#bundled = bundled;
    this.#registry = new Registry(
      (kind, type) => Object.hasOwn(bundled[kind], type),
      standIn ?? ((definition) => definition),
    );
    this.#env = env;
    this.hooks = engineHooks((error) => log.error(error.describe()));
  }

  /** Adds a plugin. Only before the first {@link read}. */
  use(plugin: Plugin): void {
    try {
      plugin.apply(this);
    } catch (cause) {
      if (cause instanceof LogcatchError) throw cause;
      throw new LogcatchError('LC_PLUGIN_LOAD', `"${plugin.name}" threw in apply: ${messageOf(cause)}`, { cause });
    }
  }

  /**
   * Reads a pipeline file and loads the plugins it names.
   * @param text what the file holds, where that is known
   * @throws ConfigErrors
   */
  async read(file: string, text?: string): Promise<LoadedFile> {
    const document = text === undefined ? await readDocument(file) : parseDocument(file, text);
    await this.#loadPlugins(document);
    await this.#loadBundled(document.value);
    const value = await this.hooks.config.promise(document.value).catch((cause) => {
      throw new ConfigErrors([
        new LogcatchError('LC_PLUGIN_THREW', `a plugin refused the file: ${messageOf(cause)}`, { cause }),
      ]);
    });
    return { document, value, settings: this.#settings(document, value) };
  }

  /** Loads the plugins that a pipeline file names, whatever else is wrong with it. @throws ConfigErrors */
  async loadPlugins(file: string): Promise<void> {
    await this.#loadPlugins(await readDocument(file));
  }

  /** What a file asks for, with these values of its configuration sources. @throws ConfigErrors with everything that is wrong */
  resolve({ document, value }: Pick<LoadedFile, 'document' | 'value'>, values: SourceValues): Desired {
    return resolveDocument(document, value, {
      env: this.#env,
      host: this.host,
      definitionOf: (kind, type) => this.#registry.get(kind, type),
      typesOf: (kind) => this.typesOf(kind),
      isBundled: (kind, type) => Object.hasOwn(this.#bundled[kind], type),
      values,
      sourceDefinition: (type) => this.#registry.get('config', type),
      sourceTypes: () => this.typesOf('config'),
    });
  }

  /** @throws ConfigErrors with what else is wrong with the file, as far as that can be told before any source is asked */
  #settings(document: PipelineDocument, value: unknown): Settings {
    try {
      return resolveSettings(document, value, { env: this.#env, host: this.host });
    } catch (error) {
      // An unknown key there may be a section that is misspelt: whatever names what stands in it would be wrong too.
      const isUnknown = ({ code, at }: LogcatchError) => code === 'LC_CONFIG_UNKNOWN_KEY' && !at?.includes('.');
      const clear = error instanceof ConfigErrors && !error.errors.some(isUnknown);
      if (clear) this.resolve({ document, value }, new Map());
      throw error;
    }
  }

  /** Every type there is, bundled or added. */
  typesOf(kind: AnyKind): string[] {
    const added = this.#registry.all.filter((definition) => definition.kind === kind).map(({ type }) => type);
    return [...new Set([...Object.keys(this.#bundled[kind]), ...added])].sort();
  }

  async definition<K extends AnyKind>(kind: K, type: string) {
    const bundled = Object.hasOwn(this.#bundled[kind], type) ? this.#bundled[kind][type] : undefined;
    if (!this.#registry.get(kind, type) && bundled) this.#registry.addBundled((await bundled()).definition);
    return this.#registry.get(kind, type);
  }

  /** Once: a list that changed later is refused as "needs a restart". */
  async #loadPlugins(document: PipelineDocument): Promise<void> {
    if (this.#plugins) return;
    const entries = pluginsOf(document);
    const loads = await Promise.allSettled(
      entries.map(({ specifier, origin }) => loadPlugin(specifier, document.file, origin)),
    );
    const errors = loads.flatMap((load) => (load.status === 'rejected' ? [load.reason as LogcatchError] : []));
    if (errors.length > 0) throw new ConfigErrors(errors);
    try {
      for (const load of loads) if (load.status === 'fulfilled') for (const plugin of load.value) this.use(plugin);
      this.hooks.components.call(this.#registry);
    } catch (error) {
      const known =
        error instanceof LogcatchError
          ? error
          : new LogcatchError('LC_PLUGIN_THREW', messageOf(error), { cause: error });
      throw new ConfigErrors([known]);
    }
    this.#plugins = entries.map(({ specifier }) => specifier);
  }

  async #loadBundled(document: unknown): Promise<void> {
    const sections = { config: 'config', inputs: 'input', transforms: 'transform', outputs: 'output' } as const;
    for (const [section, kind] of Object.entries(sections)) {
      const components = (document as Record<string, unknown>)[section];
      for (const component of Object.values(components ?? {})) {
        const type = (component as { type?: unknown } | null)?.type;
        if (typeof type === 'string') await this.definition(kind, type);
      }
    }
  }
}
