import type { Stats } from 'node:fs';
import type { Discovery } from './discovery.ts';
import { Folders } from './folders.ts';
import type { InputParts } from './parts.ts';
import { pauseOf } from './pause.ts';
import type { Tail } from './reading/tail.ts';

/** Milliseconds that a file stays open without a reason to. */
export interface CloseOptions {
  /** One that lost its path: after its end, and since it last grew. */
  readonly renamed: number;
  /** The same for one that is deleted. */
  readonly removed: number;
  /** One that does not grow; it is opened again when it does. */
  readonly inactive: number;
}

export interface FollowerOptions {
  readonly discovery: Discovery;
  readonly close: CloseOptions;
  /** Hints of the system are used; otherwise everything is polled. */
  readonly watch: boolean;
}

/**
 * Notices what happens to the files of an input: new ones, moved ones, growth. Hints make it quick, polling and the rescan make
 * it certain.
 */
export class Follower {
  readonly #parts: InputParts;
  readonly #options: FollowerOptions;
  readonly #folders: Folders;
  readonly #stopping = new AbortController();
  #paths = new Set<string>();
  #changed = new Set<string>();
  #everything = false;
  #looking: Promise<void> | undefined;
  readonly #begins: (() => void)[] = [];
  #looked = Promise.withResolvers<void>();
  #endRescans: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  constructor(parts: InputParts, options: FollowerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#folders = new Folders(
      {
        moved: (file, stats) => this.#moved(file, stats),
        written: (file, stats) => this.#written(file, stats),
        blind: (folder) => this.#blind(folder),
        changed: (folder) => this.#hint(() => this.#changed.add(folder)),
        structure: () => void this.lookSoon(),
        watching: (error) => parts.troubles.watching(error),
      },
      {
        hub: parts.process.folders,
        watch: options.watch,
        interest: (folder) => parts.finder.interest(folder),
      },
    );
  }

  /** @param folders those that the first look found */
  start(folders: ReadonlySet<string>): void {
    const { ctx, process } = this.#parts;
    this.#endRescans = process.rescans.add(() => this.lookSoon());
    // A single pass reads what is there: it only looks again for what could not be read.
    if (!ctx.once) this.#folders.watch(folders);
  }

  /** Looks at a path soon, or at everything. Resolves when that is done, or when this stops. */
  lookSoon(path?: string, begins?: () => void): Promise<void> {
    this.#hint(() => {
      if (begins) this.#begins.push(begins);
      if (path === undefined) this.#everything = true;
      else this.#paths.add(path);
    });
    return this.#looked.promise;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the input stops'));
    this.#endRescans?.();
    this.#cancel?.();
    this.#looked.resolve();
    await this.#folders.close();
    await this.#looking;
  }

  /** Looks whether a file has grown, and at what else may have become of it. @returns milliseconds until the next time */
  look(tail: Tail, now: number): number {
    const { idlePoll } = this.#parts.process.tuning;
    if (this.#stopping.signal.aborted || tail.closed) return Number.POSITIVE_INFINITY;
    try {
      return this.#lookAt(tail, now);
    } catch (error) {
      // Nobody else would hear of it: this runs in a timer.
      void this.#options.discovery.broken(tail, error);
      return idlePoll;
    }
  }

  #lookAt(tail: Tail, now: number): number {
    const { discovery, close } = this.#options;
    const { idlePoll } = this.#parts.process.tuning;
    if (tail.broken) return idlePoll;
    const { grewAt } = tail;
    discovery.observe(tail, now);
    if (tail.grewAt !== grewAt) tail.told = tail.hinted;
    tail.hinted = false;
    tail.missingSince = tail.file.missing ? (tail.missingSince ?? now) : undefined;
    if (tail.broken || (tail.overwritten && !tail.file.missing)) return idlePoll;
    if (tail.lostAt !== undefined) this.#outlived(tail, tail.lostAt, now);
    else if (!tail.file.parked && tail.settled && now - tail.grewAt >= close.inactive) tail.park();
    // The archive of it may have been left alone, as it is old.
    if (tail.file.missing && tail.behind > 0) this.#hint(() => this.#changed.add(tail.folder));
    if (tail.file.missing || tail.retargeted) this.#hint(() => this.#paths.add(tail.path));
    return this.#pause(tail, now);
  }

  #pause(tail: Tail, now: number): number {
    const { pace, tuning, folders } = this.#parts.process;
    const { watch, close } = this.#options;
    if (tail.file.missing) return close.removed / 4;
    const idle = now - tail.grewAt;
    const { heldUntil = 0 } = tail;
    const sight = {
      idle,
      way: watch && !tail.file.linked ? folders.wayOf(tail.folder) : 'polled',
      told: tail.told,
      watch,
      lost: tail.lostAt !== undefined,
      parked: tail.file.parked,
      settled: tail.settled,
      // A look is what notices that nothing more was added; one that came is followed by a read.
      due: heldUntil > now ? heldUntil - now : Number.POSITIVE_INFINITY,
    } as const;
    const quick = idle < tuning.poll ? pace.grown() : tuning.poll;
    return pauseOf(sight, { ...tuning, inactive: close.inactive, quick });
  }

  /** Hints come in bursts: a few milliseconds later they are looked at together, one look at a time. */
  #hint(note: () => void): void {
    if (this.#stopping.signal.aborted) return;
    note();
    if (this.#cancel || this.#looking) return;
    const { clock, tuning } = this.#parts.process;
    this.#cancel = clock.after(tuning.settle, () => {
      this.#cancel = undefined;
      this.#looking = this.#lookAround().finally(() => {
        this.#looking = undefined;
        if (this.#everything || this.#paths.size > 0 || this.#changed.size > 0) this.#hint(() => {});
      });
    });
  }

  async #lookAround(): Promise<void> {
    const { turns, ctx } = this.#parts;
    const { signal } = this.#stopping;
    const scope = this.#everything ? 'all' : { paths: this.#paths, folders: this.#changed };
    this.#everything = false;
    this.#paths = new Set();
    this.#changed = new Set();
    for (const begins of this.#begins.splice(0)) begins();
    const looked = this.#looked;
    if (!signal.aborted) this.#looked = Promise.withResolvers();
    try {
      const { folders } = await this.#options.discovery.look(scope, signal);
      if (scope === 'all' && !ctx.once && !signal.aborted) this.#rewatch(folders);
      turns.wake();
    } catch (error) {
      if (!signal.aborted) turns.fail(error);
    } finally {
      looked.resolve();
    }
  }

  #rewatch(folders: ReadonlySet<string>): void {
    this.#folders.watch(folders);
    for (const folder of folders) this.#parts.process.folders.recheck(folder);
  }

  /** What appears may be known, and have grown before it could be watched. */
  #moved(path: string, stats: Stats | undefined): void {
    if (stats) this.#written(path, stats);
    this.#hint(() => this.#paths.add(path));
  }

  #written(path: string, stats: Stats | undefined): void {
    const { tails, finder } = this.#parts;
    const tail = stats ? tails.ofFile(`${stats.dev}:${stats.ino}`) : tails.at(path);
    if (tail?.path === path) this.#grown(tail);
    else if (finder.matches(path)) this.#hint(() => this.#paths.add(path));
  }

  /** A file is said to have grown. One that grows all the time is not looked at each time. */
  #grown(tail: Tail): void {
    const { process, looks } = this.#parts;
    // The read that is to come reads what is there then.
    if (tail.unread && tail.file.inUse === 0) return;
    tail.hinted = true;
    const now = process.clock.now();
    const wait = tail.grewAt + process.pace.pause - now;
    looks.within(wait > 0 ? wait : this.look(tail, now), tail);
  }

  #blind(folder: string): void {
    const { tails, looks, process } = this.#parts;
    for (const tail of tails) if (tail.folder === folder) looks.within(process.tuning.poll, tail);
  }

  /** A file without a path is read to its end, and for a while longer: its writer may not have noticed. */
  #outlived(tail: Tail, lostAt: number, now: number): void {
    const { tails, ctx, looks, unpackings } = this.#parts;
    const { close } = this.#options;
    if (tail.unread && !tail.file.missing) return;
    const { deleted } = tail.file;
    const grace = deleted ? close.removed : close.renamed;
    if (now - Math.max(lostAt, tail.missingSince ?? 0, tail.grewAt) < grace) return;
    if (!tail.finishing && !tail.file.missing) tail.finish();
    // Until all of it has settled it may have to be read again, and only the handle leads to it.
    if ((tail.unread && !tail.file.missing) || tail.source.position < tail.position) return;
    // What its source can go on with is not known yet.
    if (unpackings.beside(tail.folder)) return;
    tails.end(tail, (error) => ctx.log.debug(`${tail.path}: ${error}`));
    looks.delete(tail);
    if (this.#options.discovery.newcomers.passOn(tail)) {
      ctx.log.info(`${tail.path}: gone; its source goes on with the archive of it`);
      return;
    }
    ctx.sources.end(tail.source, 'gone', tail.overwritten ? tail.own : undefined);
    if (tail.file.missing && tail.behind > 0)
      ctx.log.warn(`${tail.path}: gone before its last ${tail.behind} bytes were read`);
    else ctx.log.info(`${tail.path}: read to its end and closed: it was ${deleted ? 'deleted' : 'renamed'}`);
  }
}
