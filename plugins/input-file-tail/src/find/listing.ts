import { join } from 'node:path';
import { fileKey } from '../identity/identity.ts';
import { type Disk, statOf } from '../machine/disk.ts';
import type { Slices } from '../machine/slices.ts';

export interface Listing {
  /** Device of the folder; `undefined` when it cannot be read. */
  readonly dev: string | undefined;
  /** Paths of the regular files in it by `fileKey`. */
  readonly files: ReadonlyMap<string, string>;
}

/** Which file each entry of a folder is. */
export async function listing(disk: Disk, folder: string, slices: Slices): Promise<Listing> {
  const files = new Map<string, string>();
  const stat = statOf(disk, folder);
  const entries = await disk.list(folder).catch(() => undefined);
  if (!entries || typeof stat !== 'object') return { dev: undefined, files };
  for (const { name } of entries) {
    const path = join(folder, name);
    const found = statOf(disk, path);
    if (typeof found === 'object' && found.kind === 'file') files.set(fileKey(found), path);
    await slices.next();
  }
  return { dev: String(stat.dev), files };
}
