import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const stamp = /^\.(\d{8}T\d{6}\.\d{3}Z)(?:\.gz(?:\.part)?)?$/;

const stampLength = '.20260301T120000.000Z'.length;

/** A file that was rotated: `app.log.20260301T120000.000Z`. */
export interface Rotated {
  readonly path: string;
  /** When that was; sorts as text. */
  readonly stamp: string;
}

/** Gives a file the name of a rotated one. Two at one time have different ones. */
export async function rotate(path: string, now: number): Promise<string> {
  for (let time = now; ; time++) {
    const name = `${path}.${new Date(time).toISOString().replaceAll(/[-:]/g, '')}`;
    if ((await isThere(name)) || (await isThere(`${name}.gz`))) continue;
    await rename(path, name);
    return name;
  }
}

/** What was rotated of a file, the oldest first. */
export async function rotatedOf(path: string): Promise<Rotated[]> {
  const folder = dirname(path);
  const name = basename(path);
  const found = (await readdir(folder)).flatMap((entry): Rotated[] => {
    const match = entry.startsWith(name) && stamp.exec(entry.slice(name.length));
    return match ? [{ path: join(folder, entry), stamp: match[1]! }] : [];
  });
  return found.sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
}

/** What was rotated and is not compressed, of all files of a folder, by their paths. */
export async function uncompressedIn(folder: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const entry of (await readdir(folder)).sort()) {
    const name = entry.slice(0, -stampLength);
    if (name === '' || stamp.exec(entry.slice(name.length))?.[0].length !== stampLength) continue;
    const path = join(folder, name);
    found.set(path, [...(found.get(path) ?? []), join(folder, entry)]);
  }
  return found;
}

/** Deletes all but the newest ones. */
export async function prune(path: string, keep: number): Promise<void> {
  const rotated = await rotatedOf(path);
  const times = [...new Set(rotated.map(({ stamp }) => stamp))];
  const old = new Set(times.slice(0, Math.max(0, times.length - keep)));
  for (const { path, stamp } of rotated) if (old.has(stamp)) await rm(path, { force: true });
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
