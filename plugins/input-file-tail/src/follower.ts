import type { Stats } from 'node:fs';
import type { InputContext } from '@logcatch/plugin-api';
import type { Discovery } from './discovery.ts';
import { type FolderOptions, Folders } from './folders.ts';
import type { Tail } from './tail.ts';
import type { Tails } from './tails.ts';
import type { Troubles } from './troubles.ts';
import type { Tuning } from './tuning.ts';
import type { Turns } from './turns.ts';

/** Files whose size is asked for in one tick: 2 ms at most. The others are next. */
const looksPerTick = 1_000;

export interface FollowerParts {
  readonly ctx: InputContext;
  readonly discovery: Discovery;
  readonly tails: Tails;
  readonly turns: Turns;
  readonly troubles: Troubles;
  readonly tuning: Tuning;
  readonly folders: FolderOptions;
}

/**
 * Notices what happens to files: new ones, moved ones, growth. Hints make it quick, polling and the rescan make it
 * certain. An input has one; it knows its input only as a list of tails, so that one could serve a whole process.
 */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #folders: Folders;
  readonly #stopping = new AbortController();
  #paths = new Set<string>();
  #changed = new Set<string>();
  #everything = false;
  #looking: Promise<void> | undefined;
  #rescanning: NodeJS.Timeout | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;
  /** When the next tick is. */
  #tickAt = Number.POSITIVE_INFINITY;
  /** Where the round of looks goes on. */
  #next = 0;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    const { troubles } = parts;
    this.#folders = new Folders(
      {
        moved: (file, stats) => this.#moved(file, stats),
        written: (file, stats) => this.#written(file, stats),
        changed: (folder) => this.#hint(() => this.#changed.add(folder)),
        structure: () => this.rescan(),
        watching: (error) => troubles.watching(error),
      },
      parts.folders,
    );
  }

  /** @param folders those that the first look found */
  start(folders: ReadonlySet<string>): void {
    const { tuning, ctx } = this.#parts;
    this.#rescanning = setInterval(() => this.rescan(), tuning.rescan);
    // A single pass reads what is there: it only looks again for what could not be read.
    if (ctx.once) return;
    this.#folders.watch(folders);
    this.#tickIn(tuning.poll);
  }

  /** Looks at everything soon. */
  rescan(): void {
    this.#hint(() => {
      this.#everything = true;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the input stops'));
    for (const timer of [this.#rescanning, this.#ticking, this.#settling]) clearTimeout(timer);
    await this.#folders.close();
    await this.#looking;
  }

  /** Hints come in bursts: a few milliseconds later they are looked at together, one look at a time. */
  #hint(note: () => void): void {
    if (this.#stopping.signal.aborted) return;
    note();
    if (this.#settling === undefined && !this.#looking) {
      this.#settling = setTimeout(() => {
        this.#settling = undefined;
        this.#looking = this.#look().finally(() => {
          this.#looking = undefined;
          if (this.#everything || this.#paths.size > 0 || this.#changed.size > 0) this.#hint(() => {});
        });
      }, this.#parts.tuning.settle);
    }
  }

  async #look(): Promise<void> {
    const { discovery, turns, ctx, tuning } = this.#parts;
    const { signal } = this.#stopping;
    const scope = this.#everything ? 'all' : { paths: this.#paths, folders: this.#changed };
    this.#everything = false;
    this.#paths = new Set();
    this.#changed = new Set();
    try {
      const { folders } = await discovery.look(scope, signal);
      if (scope === 'all' && !ctx.once && !signal.aborted) this.#folders.watch(folders);
      turns.wake();
      if (!ctx.once) this.#tickIn(tuning.poll);
    } catch (error) {
      if (!signal.aborted) turns.fail(error);
    }
  }

  /** What appears may be known, and have grown before it could be watched. */
  #moved(path: string, stats: Stats | undefined): void {
    if (stats) this.#written(path, stats);
    this.#hint(() => this.#paths.add(path));
  }

  #written(path: string, stats: Stats | undefined): void {
    const tail = stats && this.#parts.tails.ofFile(`${stats.dev}:${stats.ino}`);
    if (tail?.path === path) {
      this.#observe(tail, performance.now());
      this.#tickIn(this.#parts.tuning.poll);
    } else this.#hint(() => this.#paths.add(path));
  }

  /** Looks at what is due. Where nothing grows, ticks are rare: hints come by themselves. */
  #tick(): void {
    const { tuning } = this.#parts;
    this.#tickAt = Number.POSITIVE_INFINITY;
    const { list } = this.#parts.tails;
    const now = performance.now();
    let looks = 0;
    let growing = false;
    let dueAt = now + tuning.idlePoll;
    for (let left = list.length; left > 0 && looks < looksPerTick; left--) {
      const tail = list[this.#next++ % list.length];
      if (!tail) continue;
      if (now >= tail.dueAt) {
        looks++;
        this.#observe(tail, now);
      }
      growing ||= now - tail.grewAt < tuning.idleAfter;
      dueAt = Math.min(dueAt, tail.dueAt);
    }
    const idle = Math.max(dueAt - now, tuning.idlePoll / 4);
    this.#tickIn(growing || looks === looksPerTick ? tuning.poll : idle);
  }

  #tickIn(delay: number): void {
    const at = performance.now() + delay;
    if (at >= this.#tickAt || this.#stopping.signal.aborted) return;
    clearTimeout(this.#ticking);
    this.#tickAt = at;
    this.#ticking = setTimeout(() => this.#tick(), delay);
  }

  #observe(tail: Tail, now: number): void {
    const { tuning, turns, discovery } = this.#parts;
    if (tail.broken || tail.overwritten) return;
    try {
      tail.observe(now);
      tail.dueAt = now + (now - tail.grewAt < tuning.idleAfter ? tuning.poll : tuning.idlePoll);
      if (tail.overwritten) discovery.overwritten(tail).catch((error) => discovery.broken(tail, error));
      else if (tail.lostAt !== undefined) this.#outlived(tail, tail.lostAt, now);
      turns.offer(tail);
    } catch (error) {
      discovery.broken(tail, error);
    }
  }

  /** A file without a path is read to its end, and for a while longer: its writer may not have noticed. */
  #outlived(tail: Tail, lostAt: number, now: number): void {
    const { tuning, tails, ctx } = this.#parts;
    if (tail.unread) return;
    const grace = tail.deleted ? tuning.deletedGrace : tuning.renamedGrace;
    if (now - Math.max(lostAt, tail.grewAt) < grace) return;
    if (!tail.finishing) tail.finish();
    // Until all of it has settled it may have to be read again, and only the handle leads to it.
    if (tail.unread || tail.source.position < tail.position) return;
    tails.delete(tail);
    ctx.sources.end(tail.source, 'gone');
    ctx.log.info(`${tail.path}: read to its end and closed: it was ${tail.deleted ? 'deleted' : 'renamed'}`);
    tail.close().catch((error) => ctx.log.debug(`${tail.path}: ${error}`));
  }
}
