import { join } from 'node:path';
import { debianPackages } from '../test/servers/debian.ts';
import { commandPath } from '../test/servers/process.ts';

/** GNU time: the one in PATH, else that of Debian. @throws {Unavailable} when neither can be had */
export async function gnuTime(): Promise<string> {
  return commandPath('time') ?? join(await debianPackages('time', ['time']), 'usr', 'bin', 'time');
}
