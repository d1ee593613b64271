import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import type { Guard } from './guard.ts';
import { run, Unavailable } from './process.ts';

/**
 * Debian packages unpacked into the folder `name` of the cache: no root is needed and nothing is installed. What they
 * depend on is not added by itself.
 * @returns the folder that stands for `/`
 * @throws {Unavailable} where this is no Debian or Ubuntu, or the packages can't be had
 */
export async function debianPackages(name: string, packages: readonly string[]): Promise<string> {
  const what = `${name} (Debian's ${packages.length === 1 ? 'package' : 'packages'} ${packages.join(', ')})`;
  return cached(`${name}-debian`, what, (folder, guard) => unpack(folder, guard, packages)).catch((cause: unknown) => {
    const first = cause instanceof Error ? cause.message : String(cause);
    throw new Unavailable(`Debian's ${packages.join(', ')} could not be unpacked.\n${first}`, { cause });
  });
}

async function unpack(folder: string, guard: Guard, packages: readonly string[]): Promise<void> {
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
  const archives = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
  if (archives.length < packages.length) {
    throw new Error(`apt-get ${download.join(' ')} ended well, but left ${archives.length} .deb files.`);
  }
  for (const archive of archives) {
    await run('dpkg-deb', ['-x', archive, '.'], options);
    await rm(join(folder, archive));
  }
}
