import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LogcatchError } from '@logcatch/plugin-api';
import { ConfigErrors, type Desired, type Settings, type SourceValues } from './config/index.ts';
import { ConfigSources, type GoodValues, type SourceStatus } from './config-sources.ts';
import type { Engine, LoadedFile } from './engine.ts';

/** Name of the pipeline file among what can change. No source can have it. */
export const theFile = 'the file';

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
    return this.#sources.values();
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
    let desired = this.desired(new Set());
    for (let round = 0; round < mostRounds; round++) {
      await this.#sources.sync(desired.sources);
      await this.#sources.askedOnce();
      if (!this.#acceptGood()) break;
      // Values can make the options of further sources known.
      desired = this.desired(new Set());
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
      if (!(error instanceof ConfigErrors)) throw error;
      this.#newest = error;
    }
    return true;
  }

  /**
   * What this version of the file would ask for. As when it is applied, it may need the newest values of its sources, and
   * those may be bad. @throws ConfigErrors
   */
  preview(file: LoadedFile): Desired {
    const newest = new Set(this.#sources.candidates);
    if (newest.size > 0) {
      try {
        return this.#engine.resolve(file, this.#sources.values(newest));
      } catch (error) {
        if (!(error instanceof ConfigErrors)) throw error;
      }
    }
    return this.#engine.resolve(file, this.values);
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

  /** What is wanted by the versions in effect, and by the newest versions of these. @throws ConfigErrors */
  desired(newest: ReadonlySet<string>): Desired {
    const file = newest.has(theFile) && this.#newest ? this.#newest : this.#good;
    if (file instanceof ConfigErrors) throw file;
    return this.#engine.resolve(file, this.#sources.values(newest));
  }

  /** The newest versions of these are in effect from now on. */
  async accept(names: ReadonlySet<string>, desired: Desired): Promise<void> {
    if (names.has(theFile) && this.#newest && !(this.#newest instanceof ConfigErrors)) {
      this.#good = this.#newest;
      this.#newest = undefined;
    }
    this.#sources.accept(names);
    await this.#sources.sync(desired.sources);
  }

  refused(name: string, errors: readonly LogcatchError[]): void {
    if (name !== theFile) this.#sources.refused(name, errors);
  }

  stop(): Promise<void> {
    return this.#sources.stop();
  }

  /** Accepts the newest values, or those of them that are good. Returns whether there were any. */
  #acceptGood(): boolean {
    let accepted = false;
    for (const names of attempts(this.changed)) {
      try {
        this.desired(names);
        this.#sources.accept(names);
        accepted = true;
        break;
      } catch (error) {
        if (!(error instanceof ConfigErrors)) throw error;
        const [name, ...others] = names;
        if (others.length === 0) this.refused(name!, error.errors);
      }
    }
    return accepted;
  }
}

/** What to try, in order: all that is new together, which may belong together, then each alone, so that a bad one holds up no other. */
export function attempts(changed: readonly string[]): ReadonlySet<string>[] {
  const alone = changed.map((name) => new Set([name]));
  return changed.length > 1 ? [new Set(changed), ...alone] : alone;
}
