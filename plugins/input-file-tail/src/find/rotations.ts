import { dirname, join } from 'node:path';
import { disk } from '../machine/disk.ts';
import type { Exclusions } from './glob.ts';

/** What logrotate and its like make of a name: `.1`, `-20260101`, and `.gz` behind it or alone. */
const rotatedName = /^(.+?)(?:[.-]\d[\d_T:-]*)?(?:\.gz)?$/;

export interface Rotation {
  readonly path: string;
  /** The name of the file that it was. */
  readonly name: string;
}

/** Rotated forms of these files that no pattern leads to. What is excluded is meant to be left out. */
export async function unmatchedRotations(
  files: ReadonlyMap<string, unknown>,
  exclusions: Exclusions,
): Promise<Rotation[]> {
  const found: Rotation[] = [];
  for (const folder of new Set([...files.keys()].map((path) => dirname(path)))) {
    for (const entry of await disk.list(folder).catch(() => [])) {
      const path = join(folder, entry.name);
      const name = rotatedName.exec(entry.name)![1]!;
      const isLeft = entry.kind === 'file' && !files.has(path) && files.has(join(folder, name));
      if (isLeft && !exclusions.has(path)) found.push({ path, name });
    }
  }
  return found;
}
