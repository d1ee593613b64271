import { join } from 'node:path';
import { debianPackages, libraryFolder } from './debian.ts';
import { commandPath, run, Unavailable } from './process.ts';

/** Runs the real logrotate as its timer would, whatever the time: all logs of a configuration are rotated. */
export type Logrotate = (configuration: string, state: string) => Promise<void>;

/** The logrotate in PATH, else that of Debian. @throws Unavailable when neither can be had */
export async function logrotate(): Promise<Logrotate> {
  const { command, env } = await program();
  return async (configuration, state) => {
    await run(command, ['--force', '--state', state, configuration], { env, missing: '' });
  };
}

async function program(): Promise<{ command: string; env: NodeJS.ProcessEnv }> {
  const installed = commandPath('logrotate', '/usr/sbin');
  if (installed !== undefined) return { command: installed, env: process.env };
  // The library is not part of a base system; the others that it needs are.
  const root = await debianPackages('logrotate', ['logrotate', 'libpopt0']).catch((cause: unknown) => {
    throw new Unavailable("There is no logrotate in PATH, and Debian's could not be unpacked. Install logrotate.", {
      cause,
    });
  });
  const env = { ...process.env, LD_LIBRARY_PATH: libraryFolder(root) };
  return { command: join(root, 'usr', 'sbin', 'logrotate'), env };
}
