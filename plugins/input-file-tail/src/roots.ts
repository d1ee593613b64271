import { readlink, realpath } from 'node:fs/promises';
import type { OpenFile } from './file.ts';
import { pathBelow } from './glob.ts';

/** The folders that an input may read from. */
export class Roots {
  readonly #folders: readonly string[] | undefined;

  /** @param folders absolute; none = everything is allowed */
  constructor(folders: readonly string[] | undefined) {
    this.#folders = folders;
  }

  /**
   * Where a file really lies, if that is not allowed. It goes by the opened file: its path may be a link, and may lead elsewhere
   * by now.
   */
  async outside({ handle, facts }: OpenFile): Promise<string | undefined> {
    if (!this.#folders) return undefined;
    // Linux says where an open file is; elsewhere its path is all there is.
    const real = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => realpath(facts.path));
    for (const folder of this.#folders) {
      const root = await realpath(folder).catch(() => folder);
      if (pathBelow(root, real) !== undefined) return undefined;
    }
    return real;
  }
}
