import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Guard } from './guard.ts';
import { sleep } from './process.ts';

/** Where servers are kept between runs: outside the repo, so that every clone of it shares one download. */
export function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'logcatch');
}

/**
 * The folder `name` of the cache, filled by `fill` if it isn't there yet. It appears whole or not at all: `fill` works
 * in a folder beside it that is renamed at the end. Put the version in the name; nothing is ever changed in place.
 */
export async function cached(
  name: string,
  what: string,
  fill: (folder: string, guard: Guard) => Promise<void>,
): Promise<string> {
  const target = join(cacheDir(), name);
  if (existsSync(target)) return target;
  return withLock(`${target}.lock`, `installing ${what}`, async () => {
    if (existsSync(target)) return target;
    const folder = `${target}.new-${randomBytes(4).toString('hex')}`;
    const guard = new Guard(folder);
    const started = performance.now();
    process.stderr.write(`Getting ${what} (once; kept in ${target}) ...\n`);
    try {
      await mkdir(folder, { recursive: true });
      await fill(folder, guard);
      await rename(folder, target).catch((error: unknown) => {
        if (!existsSync(target)) throw error; // else someone who thought us dead was faster
      });
    } finally {
      await guard.release();
    }
    process.stderr.write(`Got ${what} in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
    return target;
  });
}

/** How old the holder's last sign of life may be. Its timer ticks every 2 s. */
const staleMs = 30_000;

/**
 * Runs `body` while holding a lock file, so that two processes do not download the same thing at once. A lock whose
 * holder is dead or silent is taken over. Two may do that at the same moment and both run `body`; that is why what
 * `body` does has to be harmless when done twice (a rename into place is).
 */
export async function withLock<T>(file: string, doing: string, body: () => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${randomBytes(8).toString('hex')}\n`;
  await mkdir(dirname(file), { recursive: true });
  let told = false;
  while (!take(file, mine)) {
    if (!told) process.stderr.write(`Waiting for process ${holder(file) ?? '?'}, which is ${doing} ...\n`);
    told = true;
    await sleep(200);
  }
  const alive = setInterval(() => {
    if (content(file) === mine) utimesSync(file, new Date(), new Date());
  }, 2000);
  alive.unref();
  try {
    return await body();
  } finally {
    clearInterval(alive);
    if (content(file) === mine) rmSync(file, { force: true });
  }
}

function take(file: string, mine: string): boolean {
  try {
    writeFileSync(file, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (isStale(file)) {
    const aside = `${file}.${randomBytes(4).toString('hex')}`;
    try {
      renameSync(file, aside); // atomic: of several who saw it stale, one moves it
      rmSync(aside, { force: true });
    } catch {
      // it has gone meanwhile
    }
  }
  return false;
}

function isStale(file: string): boolean {
  const pid = holder(file);
  try {
    if (Date.now() - statSync(file).mtimeMs > staleMs) return true;
    if (pid !== undefined) process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function holder(file: string): number | undefined {
  return Number.parseInt(content(file) ?? '', 10) || undefined;
}

function content(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
