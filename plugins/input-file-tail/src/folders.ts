import type { Stats } from 'node:fs';
import { type FSWatcher, watch } from 'chokidar';
import { statOf } from './finder.ts';
import type { Tuning } from './tuning.ts';

/** Change events of one folder in a second from which polling it is cheaper. chokidar tells at most 20 of one file. */
const busy = 10;

/** Hints that it is worth looking. Any may be missing, late or wrong. */
export interface Hints {
  /** A file appeared, went, or is another one. */
  moved(path: string): void;
  /** A file was written to. */
  written(path: string, stats: Stats | undefined): void;
  /** Something appeared or went in a folder that is polled. */
  changed(folder: string): void;
  /** A folder appeared or went. */
  structure(): void;
  /** Watching works (`null`) or does not, and why. */
  watching(error: Error | null): void;
}

export interface FolderOptions {
  readonly tuning: Pick<Tuning, 'unwatched'>;
  readonly matches: (path: string) => boolean;
  /** Replaced in tests. */
  readonly startWatch?: typeof watch;
}

/**
 * The folders in which files can appear, watched by chokidar, one watcher each and no deeper. Node reports every write to
 * every file of a watched folder, and at 20,000 lines a second that alone costs a sixth of a core (8 CPU s per million
 * lines). So a folder with many events is given up for a minute and its modification time is polled instead, which
 * changes when an entry does, costs 2 µs, and does not see writes. The same is done where watching fails.
 */
export class Folders {
  readonly #folders = new Map<string, Folder>();
  readonly #hints: Hints;
  readonly #options: Required<FolderOptions>;
  readonly #closing = new Set<Promise<void>>();
  #failing = false;

  constructor(hints: Hints, options: FolderOptions) {
    this.#hints = hints;
    this.#options = { startWatch: watch, ...options };
  }

  /** Watches these and no others. */
  watch(paths: ReadonlySet<string>): void {
    const now = performance.now();
    for (const [path, folder] of this.#folders) {
      if (paths.has(path)) continue;
      this.#folders.delete(path);
      this.#unwatch(folder);
    }
    for (const path of paths) {
      const folder = this.#folders.get(path) ?? new Folder(path);
      this.#folders.set(path, folder);
      if (!folder.watcher && now >= folder.unwatchedUntil) this.#watch(folder);
    }
    if (this.#failing && [...this.#folders.values()].every((folder) => folder.watching)) {
      this.#failing = false;
      this.#hints.watching(null);
    }
  }

  /** Looks at the folders that are not watched. Tells whether there are any. */
  poll(): boolean {
    let any = false;
    for (const folder of this.#folders.values()) {
      if (folder.watching) continue;
      any = true;
      if (folder.changed()) this.#hints.changed(folder.path);
    }
    return any;
  }

  async close(): Promise<void> {
    this.watch(new Set());
    await Promise.all(this.#closing);
  }

  #watch(folder: Folder): void {
    const { path } = folder;
    const watcher = this.#options.startWatch(path, {
      atomic: false,
      awaitWriteFinish: false,
      depth: 0,
      // A link's own change is wanted, which is that it points elsewhere; what it points to is polled.
      followSymlinks: false,
      ignoreInitial: true,
      ignored: (entry, stats) => stats?.isFile() === true && !this.#options.matches(entry),
    });
    folder.watcher = watcher;
    const hints = this.#hints;
    watcher
      .on('add', (file) => hints.moved(file))
      .on('unlink', (file) => hints.moved(file))
      .on('change', (file, stats) => {
        hints.written(file, stats);
        if (folder.isBusy(performance.now())) this.#giveUp(folder);
      })
      .on('addDir', () => hints.structure())
      .on('unlinkDir', () => hints.structure())
      .on('ready', () => {
        folder.watching = true;
        // For what happened while it was being set up.
        hints.changed(path);
      })
      .on('error', (error) => {
        if (folder.watcher !== watcher) return;
        this.#giveUp(folder);
        if (this.#failing || !exhausted(error)) return;
        this.#failing = true;
        hints.watching(error);
      });
  }

  #giveUp(folder: Folder): void {
    folder.unwatchedUntil = performance.now() + this.#options.tuning.unwatched;
    this.#unwatch(folder);
  }

  #unwatch(folder: Folder): void {
    const { watcher } = folder;
    if (!watcher) return;
    folder.watcher = undefined;
    folder.watching = false;
    const closed = watcher.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}

class Folder {
  readonly path: string;
  watcher: FSWatcher | undefined;
  /** The watcher is set up. */
  watching = false;
  /** By `performance.now()`. */
  unwatchedUntil = 0;
  #seen = '';
  #events = 0;
  #since = 0;

  constructor(path: string) {
    this.path = path;
  }

  isBusy(now: number): boolean {
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#events = 0;
    }
    return ++this.#events > busy;
  }

  /** Whether an entry came or went since the last call. */
  changed(): boolean {
    const stat = statOf(this.path);
    if (stat === 'unknown') return false;
    const seen = stat ? `${stat.ino}:${stat.mtimeNs}` : '';
    // File times tick every few milliseconds: a second change in the same tick would not show, so it is looked at again.
    const fresh = stat !== undefined && Date.now() - Number(stat.mtimeMs) < 20;
    const changed = seen !== this.#seen;
    this.#seen = fresh ? 'changed a moment ago' : seen;
    return changed;
  }
}

function exhausted(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EMFILE';
}
