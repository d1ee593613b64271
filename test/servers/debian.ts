import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import type { Guard } from './guard.ts';
import { type RunOptions, run, Unavailable } from './process.ts';

/**
 * Debian packages unpacked into the folder `name` of the cache: no root is needed and nothing is installed. What they
 * depend on is not added by itself, unless asked for: then what is not installed here is.
 * @returns the folder that stands for `/`
 * @throws {Unavailable} where this is no Debian or Ubuntu, or the packages can't be had
 */
export async function debianPackages(
  name: string,
  packages: readonly string[],
  { dependencies = false } = {},
): Promise<string> {
  const what = `${name} (Debian's ${packages.length === 1 ? 'package' : 'packages'} ${packages.join(', ')})`;
  return cached(`${name}-debian`, what, (folder, guard) => unpack(folder, guard, packages, dependencies)).catch(
    (cause: unknown) => {
      const first = cause instanceof Error ? cause.message : String(cause);
      throw new Unavailable(`Debian's ${packages.join(', ')} could not be unpacked.\n${first}`, { cause });
    },
  );
}

async function unpack(folder: string, guard: Guard, packages: readonly string[], dependencies: boolean): Promise<void> {
  const options = { cwd: folder, guard, missing: 'So this is no Debian or Ubuntu.' };
  const download = async (...how: string[]) => {
    const missing = dependencies ? await notInstalled(packages, how, options) : packages;
    await run('apt-get', [...how, 'download', ...missing], options);
  };
  try {
    await download();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    // The package lists are missing or old. Fresh ones go into a folder of ours: no root needed, nothing changed.
    const lists = join(folder, 'apt');
    await mkdir(join(lists, 'lists', 'partial'), { recursive: true });
    await mkdir(join(lists, 'archives', 'partial'), { recursive: true });
    const privately = ['-o', `Dir::State::Lists=${lists}/lists`, '-o', `Dir::Cache=${lists}`];
    await run('apt-get', [...privately, 'update'], options);
    await download(...privately);
    await rm(lists, { recursive: true });
  }
  const archives = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
  if (archives.length < packages.length) {
    throw new Error(`apt-get download ${packages.join(' ')} ended well, but left ${archives.length} .deb files.`);
  }
  for (const archive of archives) {
    await run('dpkg-deb', ['-x', archive, '.'], options);
    await rm(join(folder, archive));
  }
}

/** These and what they depend on, without what is installed here. Nothing is installed: it only says what would be. */
async function notInstalled(packages: readonly string[], how: string[], options: RunOptions): Promise<string[]> {
  const plan = await run('apt-get', [...how, 'install', '--simulate', '--no-install-recommends', ...packages], options);
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!);
}

/** Where the libraries of unpacked packages stand. */
export function libraryFolder(root: string): string {
  return join(root, 'usr', 'lib', `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`);
}
