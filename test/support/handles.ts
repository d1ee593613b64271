import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Files below a folder that a process has open: path -> descriptor and inode, which a file that was reopened changes. Linux only. */
export function handlesOf(pid: number, folder: string): Map<string, string> {
  const handles = new Map<string, string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const path = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      if (!path.startsWith(`${folder}/`) || !path.endsWith('.log')) continue;
      handles.set(path, `${descriptor}:${statSync(`/proc/${pid}/fd/${descriptor}`).ino}`);
    } catch {
      // Closed meanwhile.
    }
  }
  return handles;
}

/** How many descriptors of a process lead into a folder, to deleted files too. Linux only. */
export function openIn(pid: number, folder: string): number {
  return readdirSync(`/proc/${pid}/fd`).filter((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  }).length;
}

/** Waits until a process has exactly these files open; resolves to the milliseconds it took. @throws what it has open instead */
export async function untilOpen(
  pid: number,
  folder: string,
  paths: readonly string[],
  limit = 60_000,
): Promise<number> {
  const started = performance.now();
  const wanted = paths.toSorted().join('\n');
  for (;;) {
    const open = [...handlesOf(pid, folder).keys()].toSorted().join('\n');
    const took = performance.now() - started;
    if (open === wanted) return took;
    if (took > limit) throw new Error(`after ${limit} ms these are open:\n${open}\nand not:\n${wanted}`);
    await setTimeout(10);
  }
}
