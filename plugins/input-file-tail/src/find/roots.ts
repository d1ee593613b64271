import type { OpenedFile } from '../identity/file.ts';
import type { Disk } from '../machine/disk.ts';
import { pathBelow } from './glob.ts';

/** The folders that an input may read from. */
export class Roots {
  readonly #disk: Disk;
  readonly #folders: readonly string[] | undefined;

  /** @param folders absolute; none = everything is allowed */
  constructor(disk: Disk, folders: readonly string[] | undefined) {
    this.#disk = disk;
    this.#folders = folders;
  }

  /**
   * Where a file really lies, if that is not allowed. It goes by the opened file: its path may be a link, and may lead elsewhere
   * by now.
   */
  async outside({ handle, facts }: Pick<OpenedFile, 'handle' | 'facts'>): Promise<string | undefined> {
    if (!this.#folders) return undefined;
    const real = await handle.realPath();
    if (real === undefined) return facts.path;
    const inside = this.#folders.some((folder) => pathBelow(this.#disk.realPath(folder), real) !== undefined);
    return inside ? undefined : real;
  }
}
