import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import type { Guard } from './guard.ts';
import { run, Unavailable } from './process.ts';

/** Debian packages, unpacked into the cache: so root is not needed, and nothing is installed. Returns their folder. */
export function debianPackages(name: string, packages: readonly string[]): Promise<string> {
  const what = `${packages[0]} (Debian's package)`;
  return cached(name, what, (folder, guard) => unpack(packages, folder, guard));
}

async function unpack(packages: readonly string[], folder: string, guard: Guard): Promise<void> {
  const options = { cwd: folder, guard, missing: 'So this is no Debian or Ubuntu.' };
  const download = ['download', ...packages];
  try {
    await run('apt-get', download, options);
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    // The package lists are missing or old. Fresh ones go into a folder of ours: no root needed, nothing changed.
    const lists = join(folder, 'apt');
    await mkdir(join(lists, 'lists', 'partial'), { recursive: true });
    await mkdir(join(lists, 'archives', 'partial'), { recursive: true });
    const privately = ['-o', `Dir::State::Lists=${lists}/lists`, '-o', `Dir::Cache=${lists}`];
    await run('apt-get', [...privately, 'update'], options);
    await run('apt-get', [...privately, ...download], options);
    await rm(lists, { recursive: true });
  }
  const archives = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  if (archives.length < packages.length)
    throw new Error(`apt-get download ${packages.join(' ')} left only ${archives}.`);
  for (const archive of archives) {
    await run('dpkg-deb', ['-x', archive, 'root'], options);
    await rm(join(folder, archive));
  }
  for (const entry of await readdir(join(folder, 'root')))
    await rename(join(folder, 'root', entry), join(folder, entry));
  await rm(join(folder, 'root'), { recursive: true });
}
