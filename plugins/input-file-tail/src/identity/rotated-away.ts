import { dirname } from 'node:path';
import type { StoredSource } from '@logcatch/plugin-api';
import { type Listing, listing } from '../find/listing.ts';
import type { Opener } from '../find/opener.ts';
import { statOf } from '../machine/disk.ts';
import type { InputParts } from '../parts.ts';
import type { OpenFile } from './file.ts';
import { identify, isStored } from './identity.ts';
import type { StoredRows } from './stored-rows.ts';
import { begun, ended, goneOn, type Wanted } from './wanted.ts';

export type Say = (file: OpenFile, verdict: string, reason: string) => void;

/** Stored sources whose file no pattern finds, as it was renamed or deleted while logcatch did not run. */
export class RotatedAway {
  readonly #parts: InputParts;
  readonly #opener: Opener;
  /** Where stored files are that could not be opened: to be tried again, wherever they are by then. */
  readonly #unopened = new Set<string>();
  #awaited = false;

  constructor(parts: InputParts, opener: Opener) {
    this.#parts = parts;
    this.#opener = opener;
  }

  get unopened(): ReadonlySet<string> {
    return this.#unopened;
  }

  /** Of some it could not be told yet. */
  get undecided(): boolean {
    return this.#awaited || this.#unopened.size > 0;
  }

  /** All of it is decided anew. */
  begin(): void {
    this.#awaited = false;
  }

  /**
   * One that was renamed in its folder still has lines that were written before: it is read to its end. One that is not
   * there any more ends. Where that cannot be told (the folder cannot be read, another device is mounted there, the path is
   * only not matched any more) it stays stored.
   * @param open how many files are open already
   */
  async find(rows: StoredRows, open: number, say: Say): Promise<Wanted[]> {
    const { process, tails, troubles } = this.#parts;
    const wanted: Wanted[] = [];
    this.#unopened.clear();
    const folders = new Map<string, Promise<Listing>>();
    const claimed = new Set<string>();
    // Of several that one inode held, one after the other, the newest can still be there.
    for (const row of [...rows.left].toSorted((a, b) => b.key - a.key)) {
      const folder = dirname(row.path);
      if (!folders.has(folder)) folders.set(folder, listing(process.disk, folder, process.slices));
      const { dev, files } = await folders.get(folder)!;
      if (dev !== row.meta.dev) continue;
      const key = `${row.meta.dev}:${row.meta.ino}`;
      const path = files.get(key);
      const other = tails.ofFile(key)?.file.meta.birth;
      const replaced = other != null && row.meta.birth != null && other !== row.meta.birth;
      if (path === undefined || replaced) {
        wanted.push(...this.#over(row));
        continue;
      }
      if (claimed.has(key)) {
        wanted.push(ended(row, 'truncated'));
        continue;
      }
      // It matches and could not be opened: it may be renamed away before it can be.
      if (path === row.path && troubles.of(path)) this.#unopened.add(path);
      if (path === row.path || tails.ofFile(key)) continue;
      // A newer one of its inode could not be opened just now, and comes first.
      if (this.#unopened.has(path)) continue;
      const opened = await this.#opener.tryToOpen(path, (file) => rows.ends(file));
      if (!opened) {
        this.#unopened.add(path);
        continue;
      }
      const file = await this.#opener.keep(opened, open + wanted.length);
      const those = this.#claim(file, row, say);
      if (those) claimed.add(key);
      else await file.handle?.close();
      wanted.push(...(those ?? this.#over(row)));
    }
    return wanted;
  }

  /** Its rotated form may be among what is read through just now. */
  awaits({ path }: StoredSource): boolean {
    const awaited = this.#parts.unpackings.unreadBeside(dirname(path));
    this.#awaited ||= awaited;
    return awaited;
  }

  /** What becomes of a source and the file that has its inode; `undefined`: they have nothing to do with each other. */
  #claim(file: OpenFile, row: StoredSource, say: Say): Wanted[] | undefined {
    const { verdict } = identify(file.facts, [row]);
    if (verdict === 'renamed') {
      say(file, 'renamed', 'its path is not matched any more');
      return [{ ...goneOn(file, row), lost: true }];
    }
    if (verdict === 'truncated' && isStored(file.facts, file.meta, row.meta)) {
      say(file, 'truncated', 'and its path is not matched any more');
      return [ended(row, 'truncated'), { ...begun(file, row.path), lost: true }];
    }
    return undefined;
  }

  #over(row: StoredSource): Wanted[] {
    if (this.awaits(row)) return [];
    return [ended(row, statOf(this.#parts.process.disk, row.path) ? 'replaced' : 'gone')];
  }
}
