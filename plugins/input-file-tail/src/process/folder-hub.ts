import { watch } from 'chokidar';
import { type Clock, clock as realClock } from '../machine/clock.ts';
import { type Disk, disk as realDisk } from '../machine/disk.ts';
import { type Tuning, tuning as usual } from '../machine/tuning.ts';
import { Folder, type Subscriber } from './folder.ts';

/** Folders polled in one tick: 2 ms at most. The others are next. */
const foldersPerTick = 1_000;

export type StartWatch = typeof watch;

export interface HubOptions {
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly tuning?: Partial<Pick<Tuning, 'poll' | 'unwatched'>>;
  readonly startWatch?: StartWatch;
}

/**
 * The folders in which files can appear, each watched once however many inputs want files of it: by chokidar, one watcher
 * each and no deeper. Node reports every write to every file of a watched folder, and at 20,000 lines a second that alone
 * costs a sixth of a core (8 CPU s per million lines). So a folder with many events is given up for a minute and its
 * modification time is polled instead, which changes when an entry does, costs 2 µs, and does not see writes. The same is
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
  #cancel: (() => void) | undefined;

  constructor({ clock = realClock, disk = realDisk, tuning, startWatch = watch }: HubOptions = {}) {
    this.#clock = clock;
    this.#disk = disk;
    this.#tuning = { ...usual, ...tuning };
    this.#startWatch = startWatch;
  }

  /** Whether writes to files of a folder are told. */
  watches(path: string): boolean {
    return this.#folders.get(path)?.watching === true;
  }

  /** Whether a watched folder is still what its path leads to: that another one is in its place, no event tells. */
  recheck(path: string): void {
    const folder = this.#folders.get(path);
    if (folder?.watching && folder.changed() === 'folder') this.#giveUp(folder, 0);
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
      this.#unwatch(folder);
      this.#polled.delete(folder);
      if (this.#polled.size === 0) this.#stopPolling();
      await Promise.all(folder.closing);
    };
  }

  /** Where it can be. Until that is set up it is polled. */
  #watch(folder: Folder): void {
    if (!folder.watching) this.#poll(folder);
    if (folder.watcher || !folder.watchable || this.#clock.now() < folder.unwatchedUntil) return;
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
        if (folder.isBusy(this.#clock.now())) this.#giveUp(folder);
      })
      .on('addDir', (path) => folder.structure(path))
      .on('unlinkDir', (path) => {
        // What comes in its place is another folder, and needs another watcher.
        if (path === folder.path) this.#giveUp(folder, 0);
        folder.structure(path);
      })
      .on('ready', () => {
        folder.watching = true;
        this.#polled.delete(folder);
        if (folder.failure) folder.failed(undefined);
        // For what happened while it was being set up.
        folder.look();
      })
      .on('error', (error) => {
        if (folder.watcher !== watcher) return;
        this.#giveUp(folder);
        if (!folder.failure && exhausted(error)) folder.failed(error);
      });
  }

  #giveUp(folder: Folder, pause = this.#tuning.unwatched): void {
    folder.unwatchedUntil = this.#clock.now() + pause;
    this.#unwatch(folder);
    this.#poll(folder);
    folder.blind();
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
