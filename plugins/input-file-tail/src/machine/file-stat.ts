import type { BigIntStats } from 'node:fs';
import type { FileStat } from './disk.ts';

export function fileStat(stat: BigIntStats): FileStat {
  return {
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other',
    dev: stat.dev,
    ino: stat.ino,
    size: Number(stat.size),
    birth: birthOf(stat),
    modified: Number(stat.mtimeMs),
  };
}

/** The time a file was made, unless the file system only pretends to know. */
export function birthOf({ birthtimeNs, ctimeNs }: Pick<BigIntStats, 'birthtimeNs' | 'ctimeNs'>): bigint | null {
  return birthtimeNs <= 0n || birthtimeNs === ctimeNs ? null : birthtimeNs;
}
