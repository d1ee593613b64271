import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { FileWatch } from '@logcatch/plugin-api';
import { modulesOf } from './plugin-modules.ts';

export interface PluginWatchOptions {
  /** The pipeline file, as it was given. */
  readonly file: string;
  /** Absolute paths of its plugins. */
  readonly plugins: readonly string[];
  /** A plugin was edited, and the pipeline is valid with it. */
  changed(name: string): void;
  /** A plugin was edited, and cannot be used: what `pipeline check` says. */
  refused(name: string, errors: string): void;
}

/** Watches the source of plugins, and looks whether what was edited can be used. */
export class PluginWatch {
  readonly #options: PluginWatchOptions;
  readonly #watches = new Map<string, FileWatch>();
  readonly #edited = new Set<string>();
  readonly #stopped = new AbortController();
  #checking: Promise<void> | undefined;

  constructor(options: PluginWatchOptions) {
    this.#options = options;
  }

  /** Begins to watch; called again, it looks which files there are now. */
  async follow(): Promise<void> {
    const modules = await modulesOf(this.#options.plugins, (file) => readFile(file, 'utf8').catch(() => undefined));
    const gone = [...this.#watches].filter(([file]) => !modules.has(file));
    for (const [file, watch] of gone) {
      this.#watches.delete(file);
      await watch.stop();
    }
    for (const file of modules) {
      if (this.#watches.has(file)) continue;
      const watch = new FileWatch({ path: file, label: file, changed: () => this.#changed(file) });
      this.#watches.set(file, watch);
      // Only a stop makes this fail.
      await watch.start(this.#stopped.signal).catch(() => {});
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const watch of this.#watches.values()) await watch.stop();
    await this.#checking;
  }

  #changed(file: string): void {
    this.#edited.add(basename(file));
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
  }

  async #check(): Promise<void> {
    while (this.#edited.size > 0 && !this.#stopped.signal.aborted) {
      const names = [...this.#edited].join(', ');
      this.#edited.clear();
      await this.follow();
      const errors = await checked(this.#options.file, this.#stopped.signal);
      // What was edited meanwhile is looked at before anything is said.
      if (this.#edited.size > 0 || this.#stopped.signal.aborted) continue;
      if (errors === undefined) this.#options.changed(names);
      else this.#options.refused(names, errors);
    }
  }
}

/** What is wrong with the pipeline, in a process of its own: this one has loaded what the plugins were. */
async function checked(file: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    await promisify(execFile)(process.execPath, [process.argv[1]!, 'check', file], { signal });
    return undefined;
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    return stderr.trim() || message;
  }
}
