import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import type { FSWatcher } from 'chokidar';
import { type Disk, statOf } from '../machine/disk.ts';
import { Traffic, type Way } from './traffic.ts';

/** Which files of a folder are wanted: these, or those that match. */
export type Interest = { readonly paths: readonly string[] } | { readonly matches: (path: string) => boolean };

/** One that wants to know what happens in a folder. Hints that it is worth looking: any may be missing, late or wrong. */
export interface Subscriber {
  readonly interest: Interest;
  /** It trusts hints of the system; otherwise the folder is only polled. */
  readonly watch: boolean;
  /** A file appeared, went, or is another one. The stats are those of one that appeared, where they are known. */
  moved(path: string, stats?: Stats): void;
  /** A file was written to. One that wants what matches is told of all files: it knows faster which are its own. */
  written(path: string, stats: Stats | undefined): void;
  /** Writes may not have been told, or are not from now on: all files are to be looked at. */
  blind(): void;
  /** Something appeared or went in the folder. */
  changed(): void;
  /** A folder appeared or went. */
  structure(): void;
  /** Watching the folder works (`null`) or does not, and why. */
  watching(error: Error | null): void;
}

interface Named {
  readonly subscribers: Set<Subscriber>;
  /** Which file was there at the last look; `undefined` = it was not looked at since. */
  seen: string | undefined;
}

/** A folder in which files can appear, and who wants to know. */
export class Folder {
  readonly path: string;
  /** Watchers that are being closed. */
  readonly closing = new Set<Promise<void>>();
  readonly traffic = new Traffic();
  watcher: FSWatcher | undefined;
  /** The watcher is set up. */
  watching = false;
  /** Ends listening, while it is listened to. */
  deafen: (() => void) | undefined;
  /** By the clock: when to try again to watch it, or to listen. */
  unwatchedUntil = 0;
  /** Why it cannot be watched. */
  failure: Error | undefined;
  readonly #disk: Disk;
  readonly #all = new Set<Subscriber>();
  /** Those that want files of these very paths. */
  readonly #named = new Map<string, Named>();
  /** Those that want what matches. */
  readonly #matching = new Map<Subscriber, (path: string) => boolean>();
  #seen = '';
  /** File times tick every few milliseconds: a second change in the same tick does not show, so after each it is looked at once more. */
  #again = false;
  /** Which folder is there; `undefined` = none. */
  #key: string | undefined;

  constructor(path: string, disk: Disk) {
    this.path = path;
    this.#disk = disk;
  }

  get empty(): boolean {
    return this.#all.size === 0;
  }

  /** How it is known now that files of it are written to. */
  get way(): Way {
    return this.deafen ? 'heard' : this.watching ? 'watched' : 'polled';
  }

  /** Somebody trusts hints, and there is something to watch. */
  get watchable(): boolean {
    return this.#key !== undefined && this.#all.values().some(({ watch }) => watch);
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

  moved(path: string, stats?: Stats): void {
    const named = this.#named.get(path);
    if (named) named.seen = undefined;
    for (const subscriber of this.#of(path)) subscriber.moved(path, stats);
  }

  written(path: string, stats?: Stats): void {
    for (const subscriber of this.#named.get(path)?.subscribers ?? []) subscriber.written(path, stats);
    for (const subscriber of this.#matching.keys()) subscriber.written(path, stats);
  }

  /** A folder in this one concerns those that look for what is below; this one, or one above, concerns all. */
  structure(path: string): void {
    const inside = dirname(path) === this.path;
    const concerned = inside ? [...this.#matching.keys(), ...(this.#named.get(path)?.subscribers ?? [])] : this.#all;
    for (const subscriber of concerned) subscriber.structure();
  }

  blind(): void {
    for (const subscriber of this.#all) subscriber.blind();
  }

  failed(error: Error | undefined): void {
    this.failure = error;
    for (const subscriber of this.#all) if (subscriber.watch) subscriber.watching(error ?? null);
  }

  /** Whether an entry came or went since the last call, or the folder is another one. */
  changed(): 'no' | 'entries' | 'folder' {
    const stat = statOf(this.#disk, this.path);
    if (stat === 'unknown') return 'no';
    const key = stat && `${stat.dev}:${stat.ino}`;
    const seen = stat ? `${key}:${stat.modified}` : '';
    const news = seen !== this.#seen;
    const changed = key !== this.#key ? 'folder' : news || this.#again ? 'entries' : 'no';
    this.#key = key;
    this.#seen = seen;
    this.#again = news;
    return changed;
  }

  /** Some entry came or went: tells whom that may concern. A `stat` of each named path costs less than a look of each input. */
  look(): void {
    for (const subscriber of this.#matching.keys()) subscriber.changed();
    for (const [path, named] of this.#named) {
      const stat = statOf(this.#disk, path);
      const seen = typeof stat === 'object' ? `${stat.dev}:${stat.ino}` : String(stat);
      if (seen === named.seen) continue;
      named.seen = seen;
      for (const subscriber of named.subscribers) subscriber.moved(path);
    }
  }

  /** Who wants this file. */
  *#of(path: string): Iterable<Subscriber> {
    yield* this.#named.get(path)?.subscribers ?? [];
    for (const [subscriber, matches] of this.#matching) if (matches(path)) yield subscriber;
  }
}
