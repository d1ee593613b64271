import { dirname, resolve } from 'node:path';
import type { LogcatchError } from '@logcatch/plugin-api';
import { ConfigErrors, type Desired, readText, type Settings, type SourceValues } from '../config/index.ts';
import type { Engine, LoadedFile } from '../engine.ts';
import { errorsOf } from '../errors-of.ts';
import { compatible } from './compatible.ts';
import { ConfigSources, type GoodValues, type SourceStatus } from './config-sources.ts';
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

  /** Forgets what is new and the same as what is in effect, and returns the names of that. */
  dropKnown(): string[] {
    return this.#sources.dropKnown();
  }

  /** The newest version of the file or a source that is not in effect. The same object for as long as it is the same version. */
  newest(name: string): unknown {
    return name === theFile ? this.#newest : this.#sources.candidate(name);
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
    try {
      const text = await readText(file).catch((error: unknown) => {
        // Whatever it holds when it can be read again is news.
        this.#text = undefined;
        throw error;
      });
      if (text === this.#text) return false;
      this.#text = text;
      this.#newest = await this.#engine.read(file, text);
    } catch (error) {
      // Whatever happened, it is this version of the file that cannot be used.
      this.#newest = error instanceof ConfigErrors ? error : new ConfigErrors(errorsOf(error));
    }
    return true;
  }

  /**
   * What this version of the file would ask for, with as many of the newest values as can be used; and what is wrong with the others.
   * @throws ConfigErrors
   */
  preview(file: LoadedFile): { readonly desired: Desired; readonly refused: readonly LogcatchError[] } {
    const resolve = (names: readonly string[]) => this.resolve({ file, values: this.#sources.values(new Set(names)) });
    const { candidates } = this.#sources;
    const good = compatible(candidates, (names) => faultsOf(() => resolve(names)).length);
    return {
      desired: resolve(good),
      refused: good.length < candidates.length ? faultsOf(() => resolve(candidates)) : [],
    };
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
    const faults = (names: readonly string[]) => faultsOf(() => this.resolve(this.versions(new Set(names))));
    const { changed } = this;
    const good = compatible(changed, (names) => faults(names).length);
    this.#sources.accept(this.versions(new Set(good)).values);
    for (const name of changed) if (!good.includes(name)) this.refused(name, faults([name]));
    return good.length > 0;
  }
}

function faultsOf(resolve: () => unknown): readonly LogcatchError[] {
  try {
    resolve();
    return [];
  } catch (error) {
    if (error instanceof ConfigErrors) return error.errors;
    throw error;
  }
}

function plainValues(values: ReadonlyMap<string, SourceValue>): SourceValues {
  return new Map([...values].map(([name, { value }]) => [name, value]));
}
