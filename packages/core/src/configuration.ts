import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LogcatchError, messageOf } from '@logcatch/plugin-api';
import { ConfigErrors, type Desired, type Settings, type SourceValues } from './config/index.ts';
import { ConfigSources, type GoodValues, type SourceStatus } from './config-sources.ts';
import type { Engine, LoadedFile } from './engine.ts';
import type { SourceValue } from './running-source.ts';

/** Name of the pipeline file among what can change. No source can have it. */
export const theFile = 'the file';

/** The pipeline file and the values of its sources, as they were when they were looked at. */
export interface Versions {
  readonly file: LoadedFile;
  readonly values: ReadonlyMap<string, SourceValue>;
}

export interface ConfigurationOptions {
  /** Where last good values are kept. Default: nowhere. */
  readonly store?: GoodValues;
  /** Whether remote sources are asked. Default true. */
  readonly online?: boolean;
  /** Called when something has a newer version. */
  readonly changed?: () => void;
  /** Called when the state of a source is another. */
  readonly moved?: () => void;
}

/** Rounds of asking sources at start: each can make the options of the next ones known. */
const mostRounds = 16;

/**
 * What is wanted, from the pipeline file and its configuration sources. Each of them has a version in effect and perhaps a newer
 * one: a bad one holds up nobody but itself.
 */
export class Configuration {
  readonly settings: Settings;
  readonly #engine: Engine;
  readonly #sources: ConfigSources;
  #good: LoadedFile;
  #newest: LoadedFile | ConfigErrors | undefined;
  #text: string | undefined;
  #applying = false;

  /** @param file as the engine read it */
  constructor(
    engine: Engine,
    file: LoadedFile,
    { store, online = true, changed = () => {}, moved = () => {} }: ConfigurationOptions = {},
  ) {
    this.#engine = engine;
    this.#good = file;
    this.settings = file.settings;
    this.#sources = new ConfigSources({
      log: engine.log,
      host: engine.host,
      dataDir: file.settings.dataDir,
      store,
      online,
      applying: () => this.#applying,
      resolve: (path) => resolve(dirname(file.document.file), path),
      changed,
      moved,
    });
  }

  get sources(): SourceStatus[] {
    return this.#sources.status;
  }

  /** The version of the file that is in effect. */
  get loaded(): LoadedFile {
    return this.#good;
  }

  /** The value in effect of each source that has one. */
  get values(): SourceValues {
    return plainValues(this.#sources.values());
  }

  /** Forgets what is new and the same as what is in effect. */
  dropKnown(): void {
    this.#sources.dropKnown();
  }

  /** What has a newer version: names of sources, or {@link theFile}. */
  get changed(): string[] {
    return [...(this.#newest ? [theFile] : []), ...this.#sources.candidates];
  }

  /**
   * The first desired state. Every source has been asked once; what depends on one that has no value waits.
   * @throws ConfigErrors when the file itself is wrong
   */
  async start(): Promise<Desired> {
    let desired = this.resolve(this.versions());
    for (let round = 0; round < mostRounds; round++) {
      await this.#sync(desired);
      await this.#sources.askedOnce();
      if (!this.#acceptGood()) break;
      // Values can make the options of further sources known.
      desired = this.resolve(this.versions());
    }
    return desired;
  }

  /** Looks whether the file has changed since it was looked at last. */
  async readFile(): Promise<boolean> {
    const { file } = this.#good.document;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined && text === this.#text) return false;
    this.#text = text;
    try {
      this.#newest = await this.#engine.read(file);
    } catch (error) {
      // Whatever happened, it is this version of the file that cannot be used.
      const reason =
        error instanceof LogcatchError
          ? error
          : new LogcatchError('LC_CONFIG_FILE', messageOf(error), { cause: error });
      this.#newest = error instanceof ConfigErrors ? error : new ConfigErrors([reason]);
    }
    return true;
  }

  /**
   * What this version of the file would ask for, and what is wrong with the newest values of its sources, which it may need as
   * when it is applied. @throws ConfigErrors
   */
  preview(file: LoadedFile): { readonly desired: Desired; readonly refused: readonly LogcatchError[] } {
    const newest = new Set(this.#sources.candidates);
    if (newest.size === 0) return { desired: this.resolve({ file, values: this.#sources.values() }), refused: [] };
    try {
      return { desired: this.resolve({ file, values: this.#sources.values(newest) }), refused: [] };
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      return { desired: this.resolve({ file, values: this.#sources.values() }), refused: error.errors };
    }
  }

  /** Whether any source may publish a status. */
  get reporting(): boolean {
    return this.#sources.reporting;
  }

  /** Publishes the agent's status through the sources that do such. */
  report(status: string): void {
    this.#sources.report(status);
  }

  /** What all agents have published, by the source's name. */
  reports(signal: AbortSignal): Promise<Map<string, Record<string, string> | LogcatchError>> {
    return this.#sources.reports(signal);
  }

  /** Asks every source again. */
  refresh(): void {
    this.#sources.refresh();
  }

  /** The versions in effect, and the newest ones of these. @throws ConfigErrors when the newest file is none */
  versions(newest: ReadonlySet<string> = new Set()): Versions {
    const file = newest.has(theFile) && this.#newest ? this.#newest : this.#good;
    if (file instanceof ConfigErrors) throw file;
    return { file, values: this.#sources.values(newest) };
  }

  /** What these versions ask for. @throws ConfigErrors */
  resolve({ file, values }: Versions): Desired {
    return this.#engine.resolve(file, plainValues(values));
  }

  /** Carries out a change: a value that comes meanwhile is looked at afterwards, whatever it is. */
  async applying<T>(change: () => Promise<T>): Promise<T> {
    this.#applying = true;
    try {
      return await change();
    } finally {
      this.#applying = false;
    }
  }

  /** These very versions are in effect from now on. */
  async accept({ file, values }: Versions, desired: Desired): Promise<void> {
    this.#good = file;
    if (this.#newest === file) this.#newest = undefined;
    this.#sources.accept(values);
    await this.#sync(desired);
  }

  #sync({ sources, waiting }: Desired): Promise<void> {
    const waits = waiting.filter(({ kind }) => kind === 'config').map(({ id }) => id);
    return this.#sources.sync(sources, new Set([...sources.map(({ name }) => name), ...waits]));
  }

  refused(name: string, errors: readonly LogcatchError[]): void {
    if (name !== theFile) this.#sources.refused(name, errors);
  }

  stop(): Promise<void> {
    return this.#sources.stop();
  }

  /** Accepts the newest values, or those of them that are good. Returns whether there were any. */
  #acceptGood(): boolean {
    const { changed } = this;
    const good = together(changed).find((names) => this.#resolves(names));
    if (good) this.#sources.accept(this.versions(good).values);
    const alone = changed.filter((name) => !good?.has(name) && this.#acceptAlone(name));
    return good !== undefined || alone.length > 0;
  }

  #resolves(names: ReadonlySet<string>): boolean {
    try {
      this.resolve(this.versions(names));
      return true;
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      return false;
    }
  }

  #acceptAlone(name: string): boolean {
    try {
      const versions = this.versions(new Set([name]));
      this.resolve(versions);
      this.#sources.accept(versions.values);
      return true;
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      this.refused(name, error.errors);
      return false;
    }
  }
}

/**
 * What is new may belong together: the groups to try, in order. All at once, then all but one, so that a bad one does not hold up
 * others that need each other. Each alone is for whoever calls.
 */
export function together(changed: readonly string[]): ReadonlySet<string>[] {
  if (changed.length < 2) return [];
  const butOne = changed.length < 3 ? [] : changed.map((left) => new Set(changed.filter((name) => name !== left)));
  return [new Set(changed), ...butOne];
}

function plainValues(values: ReadonlyMap<string, SourceValue>): SourceValues {
  return new Map([...values].map(([name, { value }]) => [name, value]));
}
