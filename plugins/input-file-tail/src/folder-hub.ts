import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { statOf } from './finder.ts';
import { type Tuning, tuning as usual } from './tuning.ts';

/** Change events of one folder in a second from which polling it is cheaper. chokidar tells at most 20 of one file. */
const busy = 10;

/** Which files of a folder are wanted: these, or those that match. */
export type Interest = { readonly paths: readonly string[] } | { readonly matches: (path: string) => boolean };

/** One that wants to know what happens in a folder. Hints that it is worth looking: any may be missing, late or wrong. */
export interface Subscriber {
  readonly interest: Interest;
  /** A file appeared, went, or is another one. The stats are those of one that appeared, where they are known. */
  moved(path: string, stats?: Stats): void;
  /** A file was written to. */
  written(path: string, stats: Stats | undefined): void;
  /** Something appeared or went in the folder. */
  changed(): void;
  /** A folder appeared or went. */
  structure(): void;
  /** Watching the folder works (`null`) or does not, and why. */
  watching(error: Error | null): void;
}

export interface HubOptions {
  readonly tuning?: Partial<Pick<Tuning, 'poll' | 'unwatched'>>;
  /** Replaced in tests. */
  readonly startWatch?: typeof watch;
}

/**
 * The folders in which files can appear, each watched once however many inputs want files of it: by chokidar, one watcher
 * each and no deeper. Node reports every write to every file of a watched folder, and at 20,000 lines a second that alone
 * costs a sixth of a core (8 CPU s per million lines). So a folder with many events is given up for a minute and its
 * modification time is polled instead, which changes when an entry does, costs 2 µs, and does not see writes. The same is
 * done where watching fails.
 */
export class FolderHub {
  readonly #folders = new Map<string, Folder>();
  readonly #tuning: Pick<Tuning, 'poll' | 'unwatched'>;
  readonly #startWatch: typeof watch;
  #polling: NodeJS.Timeout | undefined;

  constructor({ tuning, startWatch = watch }: HubOptions = {}) {
    this.#tuning = { ...usual, ...tuning };
    this.#startWatch = startWatch;
  }

  /** @returns what ends it; with the last one of a folder that resolves when nothing of the folder is open any more */
  subscribe(path: string, subscriber: Subscriber): () => Promise<void> {
    const known = this.#folders.get(path);
    const folder = known ?? new Folder(path);
    folder.add(subscriber);
    if (known) {
      // For what happened between its own look and now.
      subscriber.changed();
      if (folder.failure) subscriber.watching(folder.failure);
    } else {
      this.#folders.set(path, folder);
      this.#watch(folder);
    }
    return async () => {
      if (!folder.delete(subscriber) || !folder.empty) return;
      if (this.#folders.get(path) === folder) this.#folders.delete(path);
      if (this.#folders.size === 0) this.#stopPolling();
      this.#unwatch(folder);
      await Promise.all(folder.closing);
    };
  }

  #watch(folder: Folder): void {
    const watcher = this.#startWatch(folder.path, {
      atomic: false,
      awaitWriteFinish: false,
      depth: 0,
      // A link's own change is wanted, which is that it points elsewhere; what it points to is polled.
      followSymlinks: false,
      ignoreInitial: true,
      // Asked again at each event, so a file that is wanted later is not missed.
      ignored: (entry, stats) => stats?.isFile() === true && !folder.wants(entry),
    });
    folder.watcher = watcher;
    watcher
      .on('add', (file, stats) => folder.moved(file, stats))
      .on('unlink', (file) => folder.moved(file))
      .on('change', (file, stats) => {
        for (const subscriber of folder.of(file)) subscriber.written(file, stats);
        if (folder.isBusy(performance.now())) this.#giveUp(folder);
      })
      .on('addDir', (path) => folder.structure(path))
      .on('unlinkDir', (path) => folder.structure(path))
      .on('ready', () => {
        folder.watching = true;
        if (folder.failure) folder.failed(undefined);
        // For what happened while it was being set up.
        folder.look();
      })
      .on('error', (error) => {
        if (folder.watcher !== watcher) return;
        this.#giveUp(folder);
        if (!folder.failure && exhausted(error)) folder.failed(error);
      });
    // Until it is set up.
    this.#poll();
  }

  #giveUp(folder: Folder): void {
    folder.unwatchedUntil = performance.now() + this.#tuning.unwatched;
    this.#unwatch(folder);
    this.#poll();
  }

  #unwatch(folder: Folder): void {
    const { watcher, closing } = folder;
    if (!watcher) return;
    folder.watcher = undefined;
    folder.watching = false;
    const closed = watcher.close().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  /** Looks at the folders that are not watched, as long as there are any. */
  #poll(): void {
    if (this.#polling !== undefined || this.#folders.size === 0) return;
    this.#polling = setTimeout(() => {
      this.#polling = undefined;
      const now = performance.now();
      let any = false;
      for (const folder of this.#folders.values()) {
        if (folder.watching) continue;
        any = true;
        if (folder.changed()) folder.look();
        if (!folder.watcher && now >= folder.unwatchedUntil) this.#watch(folder);
      }
      if (any) this.#poll();
    }, this.#tuning.poll);
  }

  #stopPolling(): void {
    clearTimeout(this.#polling);
    this.#polling = undefined;
  }
}

/**
 * The one of this process. Inputs know nothing of each other, and a thousand of them can each follow one file of the same
 * folder: with a watcher each, every event would be handled a thousand times, and every file be known a thousand times.
 */
export const processHub = new FolderHub();

interface Named {
  readonly subscribers: Set<Subscriber>;
  /** Which file was there at the last look; `undefined` = it was not looked at since. */
  seen: string | undefined;
}

class Folder {
  readonly path: string;
  /** Watchers that are being closed. */
  readonly closing = new Set<Promise<void>>();
  watcher: FSWatcher | undefined;
  /** The watcher is set up. */
  watching = false;
  /** By `performance.now()`. */
  unwatchedUntil = 0;
  /** Why it cannot be watched. */
  failure: Error | undefined;
  readonly #all = new Set<Subscriber>();
  /** Those that want files of these very paths. */
  readonly #named = new Map<string, Named>();
  /** Those that want what matches. */
  readonly #matching = new Map<Subscriber, (path: string) => boolean>();
  #seen = '';
  #events = 0;
  #since = 0;

  constructor(path: string) {
    this.path = path;
  }

  get empty(): boolean {
    return this.#all.size === 0;
  }

  add(subscriber: Subscriber): void {
    const { interest } = subscriber;
    this.#all.add(subscriber);
    if ('matches' in interest) this.#matching.set(subscriber, interest.matches);
    else {
      for (const path of interest.paths) {
        const named = this.#named.get(path);
        if (named) named.subscribers.add(subscriber);
        else this.#named.set(path, { subscribers: new Set([subscriber]), seen: undefined });
      }
    }
  }

  delete(subscriber: Subscriber): boolean {
    const { interest } = subscriber;
    this.#matching.delete(subscriber);
    for (const path of 'paths' in interest ? interest.paths : []) {
      const named = this.#named.get(path);
      if (named?.subscribers.delete(subscriber) && named.subscribers.size === 0) this.#named.delete(path);
    }
    return this.#all.delete(subscriber);
  }

  wants(path: string): boolean {
    return this.#named.has(path) || this.#matching.values().some((matches) => matches(path));
  }

  /** Who wants this file. */
  *of(path: string): Iterable<Subscriber> {
    yield* this.#named.get(path)?.subscribers ?? [];
    for (const [subscriber, matches] of this.#matching) if (matches(path)) yield subscriber;
  }

  moved(path: string, stats?: Stats): void {
    const named = this.#named.get(path);
    if (named) named.seen = undefined;
    for (const subscriber of this.of(path)) subscriber.moved(path, stats);
  }

  /** A folder in this one concerns those that look for what is below; this one, or one above, concerns all. */
  structure(path: string): void {
    const inside = dirname(path) === this.path;
    const concerned = inside ? [...this.#matching.keys(), ...(this.#named.get(path)?.subscribers ?? [])] : this.#all;
    for (const subscriber of concerned) subscriber.structure();
  }

  failed(error: Error | undefined): void {
    this.failure = error;
    for (const subscriber of this.#all) subscriber.watching(error ?? null);
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

  /** Some entry came or went: tells whom that may concern. A `stat` of each named path costs less than a look of each input. */
  look(): void {
    for (const subscriber of this.#matching.keys()) subscriber.changed();
    for (const [path, named] of this.#named) {
      const stat = statOf(path);
      const seen = typeof stat === 'object' ? `${stat.dev}:${stat.ino}` : String(stat);
      if (seen === named.seen) continue;
      named.seen = seen;
      for (const subscriber of named.subscribers) subscriber.moved(path);
    }
  }
}

function exhausted(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EMFILE';
}
