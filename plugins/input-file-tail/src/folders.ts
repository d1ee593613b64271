import type { Stats } from 'node:fs';
import type { Interest } from './process/folder.ts';
import type { FolderHub } from './process/folder-hub.ts';

/** Hints that it is worth looking. Any may be missing, late or wrong. */
export interface Hints {
  /** A file appeared, went, or is another one. The stats are those of one that appeared, where they are known. */
  moved(path: string, stats?: Stats): void;
  /** A file was written to. */
  written(path: string, stats: Stats | undefined): void;
  /** Writes to files of a folder may not have been told, or are not from now on: all are to be looked at. */
  blind(folder: string): void;
  /** Something appeared or went in a folder. */
  changed(folder: string): void;
  /** A folder appeared or went. */
  structure(): void;
  /** Watching works (`null`) or does not, and why. */
  watching(error: Error | null): void;
}

export interface FolderOptions {
  readonly hub: FolderHub;
  readonly watch: boolean;
  /** Which files of a folder are wanted. */
  readonly interest: (folder: string) => Interest;
}

/** The folders in which files of one input can appear. */
export class Folders {
  /** What ends the subscription of each. */
  readonly #subscribed = new Map<string, () => Promise<void>>();
  readonly #hints: Hints;
  readonly #options: FolderOptions;
  readonly #ending = new Set<Promise<void>>();
  readonly #failing = new Set<string>();

  constructor(hints: Hints, options: FolderOptions) {
    this.#hints = hints;
    this.#options = options;
  }

  /** Watches these and no others. */
  watch(paths: ReadonlySet<string>): void {
    for (const [path, end] of this.#subscribed) {
      if (paths.has(path)) continue;
      this.#subscribed.delete(path);
      this.#watching(path, null);
      const ended = end().finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
    for (const path of paths) if (!this.#subscribed.has(path)) this.#subscribe(path);
  }

  async close(): Promise<void> {
    this.watch(new Set());
    await Promise.all(this.#ending);
  }

  #subscribe(path: string): void {
    const hints = this.#hints;
    const { hub, interest, watch } = this.#options;
    const end = hub.subscribe(path, {
      interest: interest(path),
      watch,
      moved: (file, stats) => hints.moved(file, stats),
      written: (file, stats) => hints.written(file, stats),
      blind: () => hints.blind(path),
      changed: () => hints.changed(path),
      structure: () => hints.structure(),
      watching: (error) => this.#watching(path, error),
    });
    this.#subscribed.set(path, end);
  }

  /** Says the first failure, and when there is none any more. */
  #watching(path: string, error: Error | null): void {
    const before = this.#failing.size;
    if (error) this.#failing.add(path);
    else this.#failing.delete(path);
    if (error && before === 0) this.#hints.watching(error);
    if (before > 0 && this.#failing.size === 0) this.#hints.watching(null);
  }
}
