import { basename, join } from 'node:path';
import { watch } from 'chokidar';
import { type Clock, clock as realClock } from '../machine/clock.ts';
import { type Disk, disk as realDisk, statOf } from '../machine/disk.ts';
import { type Tuning, tuning as usual } from '../machine/tuning.ts';
import { Folder, type Subscriber } from './folder.ts';
import { type Listen, listen as realListen } from './listen.ts';
import type { Way } from './traffic.ts';

/** Folders polled in one tick: 2 ms at most. The others are next. */
const foldersPerTick = 1_000;

export type StartWatch = typeof watch;

export interface HubOptions {
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly tuning?: Partial<Pick<Tuning, 'poll' | 'unwatched'>>;
  readonly startWatch?: StartWatch;
  readonly listen?: Listen;
}

/**
 * The folders in which files can appear, each watched once however many inputs want files of it: by chokidar, one watcher
 * each and no deeper. Node reports every write to every file of a watched folder, and chokidar looks at the file each
 * time. So while a folder has many events the system itself is listened to; and where a few files have very many, the folder is left alone
 * for a minute and its modification time is polled, which changes when an entry does, costs 2 µs, and does not see writes. The same is
 * done where watching fails or is not wanted, and as long as a folder is not there.
 */
export class FolderHub {
  readonly #folders = new Map<string, Folder>();
  /** Those that are polled now. */
  readonly #polled = new Set<Folder>();
  readonly #clock: Clock;
  readonly #disk: Disk;
  readonly #tuning: Pick<Tuning, 'poll' | 'unwatched'>;
  readonly #startWatch: StartWatch;
  readonly #startListening: Listen;
  #cancel: (() => void) | undefined;

  constructor({
    clock = realClock,
    disk = realDisk,
    tuning,
    startWatch = watch,
    listen = realListen,
  }: HubOptions = {}) {
    this.#clock = clock;
    this.#disk = disk;
    this.#tuning = { ...usual, ...tuning };
    this.#startWatch = startWatch;
    this.#startListening = listen;
  }

  /** How it is known that files of a folder are written to. */
  wayOf(path: string): Way {
    return this.#folders.get(path)?.way ?? 'polled';
  }

  /**
   * Whether a folder is still what its path leads to: that another one is in its place, no event tells. One that has been
   * quiet for long enough is watched again.
   */
  recheck(path: string): void {
    const folder = this.#folders.get(path);
    if (!folder || folder.way === 'polled') return;
    if (folder.changed() === 'folder') this.#giveUp(folder, 0);
    else if (folder.deafen && !folder.watcher && this.#isQuiet(folder)) this.#startWatching(folder);
  }

  /** @returns what ends it; with the last one of a folder that resolves when nothing of the folder is open any more */
  subscribe(path: string, subscriber: Subscriber): () => Promise<void> {
    const known = this.#folders.get(path);
    const folder = known ?? new Folder(path, this.#disk);
    folder.add(subscriber);
    if (known) {
      // For what happened between its own look and now.
      subscriber.changed();
      if (folder.failure && subscriber.watch) subscriber.watching(folder.failure);
    } else {
      this.#folders.set(path, folder);
      folder.changed();
    }
    this.#watch(folder);
    return async () => {
      if (!folder.delete(subscriber) || !folder.empty) return;
      if (this.#folders.get(path) === folder) this.#folders.delete(path);
      this.#deafen(folder);
      this.#unwatch(folder);
      this.#polled.delete(folder);
      if (this.#polled.size === 0) this.#stopPolling();
      await Promise.all(folder.closing);
    };
  }

  /** Where it can be. Until that is set up it is polled. */
  #watch(folder: Folder): void {
    if (folder.way === 'polled') this.#poll(folder);
    if (folder.watcher || folder.deafen || !folder.watchable || this.#clock.now() < folder.unwatchedUntil) return;
    if (this.#isQuiet(folder)) this.#startWatching(folder);
    else this.#listen(folder);
  }

  /** It has not been busy for so long that it is worth while to find out what is in it. */
  #isQuiet({ traffic }: Folder): boolean {
    return this.#clock.now() - traffic.busyAt >= this.#tuning.unwatched;
  }

  #startWatching(folder: Folder): void {
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
        folder.written(file, stats);
        if (folder.traffic.after(file, this.#clock.now(), 'watched') !== 'watched') this.#listen(folder);
      })
      .on('addDir', (path) => folder.structure(path))
      .on('unlinkDir', (path) => {
        // What comes in its place is another folder, and needs another watcher.
        if (path === folder.path) this.#giveUp(folder, 0);
        folder.structure(path);
      })
      .on('ready', () => {
        folder.watching = true;
        this.#deafen(folder);
        this.#works(folder);
      })
      .on('error', (error) => {
        if (folder.watcher === watcher) this.#failed(folder, error);
      });
  }

  /** Before the watcher ends, so that nothing falls between; what that had heard of and not yet looked at is lost with it. */
  #listen(folder: Folder): void {
    const { path } = folder;
    const at = (name: string) => join(path, name);
    try {
      // It still is while a watcher is being set up.
      folder.deafen ??= this.#startListening(path, {
        entry: (name) => (name === null ? folder.look() : this.#entry(folder, at(name))),
        written: (name) => {
          if (name === null) return;
          folder.written(at(name));
          if (folder.traffic.after(name, this.#clock.now(), 'heard') === 'heard') return;
          this.#giveUp(folder);
          // When it is tried again, the system is listened to first.
          folder.traffic.busyAt = folder.unwatchedUntil;
        },
        failed: (error) => this.#failed(folder, error),
      });
    } catch (error) {
      this.#failed(folder, error);
      return;
    }
    this.#unwatch(folder);
    folder.blind();
    this.#works(folder);
  }

  /** Something came, went or is another: a file mostly. */
  #entry(folder: Folder, path: string): void {
    // The end of a folder is told with its own name.
    if (basename(path) === basename(folder.path) && folder.changed() === 'folder') {
      this.#giveUp(folder, 0);
      folder.structure(folder.path);
      return;
    }
    const stat = statOf(this.#disk, path);
    const isFolder = typeof stat === 'object' && stat.kind === 'folder';
    if (isFolder || this.#folders.has(path)) folder.structure(path);
    if (!isFolder) folder.moved(path);
  }

  /** It is told what happens in it. */
  #works(folder: Folder): void {
    this.#polled.delete(folder);
    if (folder.failure) folder.failed(undefined);
    // For what happened while this was being set up.
    folder.look();
  }

  #failed(folder: Folder, error: unknown): void {
    this.#giveUp(folder);
    if (!folder.failure && exhausted(error)) folder.failed(error);
  }

  #giveUp(folder: Folder, pause = this.#tuning.unwatched): void {
    folder.unwatchedUntil = this.#clock.now() + pause;
    this.#deafen(folder);
    this.#unwatch(folder);
    this.#poll(folder);
    folder.blind();
  }

  #deafen(folder: Folder): void {
    folder.deafen?.();
    folder.deafen = undefined;
  }

  #unwatch(folder: Folder): void {
    const { watcher, closing } = folder;
    if (!watcher) return;
    folder.watcher = undefined;
    folder.watching = false;
    const closed = watcher.close().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  #poll(folder: Folder): void {
    this.#polled.add(folder);
    this.#cancel ??= this.#clock.after(this.#tuning.poll, () => this.#look());
  }

  /** Looks at the folders that are not watched, as long as there are any. */
  #look(): void {
    this.#cancel = undefined;
    let left = Math.min(foldersPerTick, this.#polled.size);
    for (const folder of this.#polled) {
      if (left-- === 0) break;
      // To the end of the queue.
      this.#polled.delete(folder);
      this.#polled.add(folder);
      const changed = folder.changed();
      if (changed === 'folder') this.#unwatch(folder);
      if (changed !== 'no') folder.look();
      if (changed === 'folder') folder.structure(folder.path);
      this.#watch(folder);
    }
    if (this.#polled.size > 0) this.#cancel ??= this.#clock.after(this.#tuning.poll, () => this.#look());
  }

  #stopPolling(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

function exhausted(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EMFILE';
}
