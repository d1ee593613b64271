import type { FoundFile } from '../find/finder.ts';
import type { FileStat } from '../machine/disk.ts';
import { type FileFacts, fileKey } from './identity.ts';

/** With `from: end`: files of the first start that could not be opened then. What they held is passed over all the same. */
export class PassedOver {
  readonly #files = new Map<string, FileStat>();

  add(files: readonly FoundFile[]): void {
    for (const { stat } of files) this.#files.set(fileKey(stat), stat);
  }

  /** Files were seen: what has become shorter, or is another file by now, holds nothing that is to be passed over. */
  see(files: readonly FoundFile[]): void {
    if (this.#files.size === 0) return;
    for (const { stat } of files) if (this.bytesOf(stat) === undefined) this.#files.delete(fileKey(stat));
  }

  has(stat: FileStat): boolean {
    return this.#files.has(fileKey(stat));
  }

  /** Bytes at the beginning of a file that are not to be read; `undefined`: it is none of these. */
  bytesOf(file: Pick<FileFacts, 'dev' | 'ino' | 'birth' | 'size'>): number | undefined {
    const known = this.#files.get(fileKey(file));
    if (!known || file.size < known.size) return undefined;
    const born = known.birth === null || file.birth === null || known.birth === file.birth;
    return born ? known.size : undefined;
  }
}
