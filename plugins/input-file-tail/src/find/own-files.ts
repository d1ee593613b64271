import { fstatSync } from 'node:fs';
import { fileKey } from '../identity/identity.ts';
import type { Disk, FileStat } from '../machine/disk.ts';
import { pathBelow } from './glob.ts';

/** Files that logcatch writes itself: reading them would never end. */
export class OwnFiles {
  readonly #disk: Disk;
  readonly #dataDirs: readonly string[];
  /** stdout and stderr, where they go to a file. */
  readonly #streams: ReadonlyMap<string, string>;

  constructor(disk: Disk, dataDir: string) {
    this.#disk = disk;
    this.#dataDirs = [...new Set([dataDir, disk.realPath(dataDir)])];
    this.#streams = new Map([stream(1, 'stdout'), stream(2, 'stderr')].filter((entry) => entry !== undefined));
  }

  /** What it is, if it is one of them. */
  describe(path: string, file: Pick<FileStat, 'dev' | 'ino'>): string | undefined {
    const real = this.#disk.realPath(path);
    if (
      this.#dataDirs.some((folder) => pathBelow(folder, path) !== undefined || pathBelow(folder, real) !== undefined)
    ) {
      return 'in data_dir';
    }
    const name = this.#streams.get(fileKey(file));
    return name && `this process's ${name}`;
  }
}

function stream(fd: number, name: string): [string, string] | undefined {
  try {
    const stat = fstatSync(fd, { bigint: true });
    return stat.isFile() ? [fileKey(stat), name] : undefined;
  } catch {
    // Closed: nothing is written to it.
    return undefined;
  }
}
