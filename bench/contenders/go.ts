import { delimiter } from 'node:path';
import { type RunOptions, run, Unavailable } from '../../test/servers/process.ts';

/**
 * Runs the `go` command, also where it stands in its usual folder and not in PATH.
 * @throws {Unavailable} also when it fails: modules cannot be had everywhere
 */
export async function go(args: string[], options: Omit<RunOptions, 'missing'>): Promise<string> {
  const path = [process.env.PATH, '/usr/local/go/bin'].join(delimiter);
  const env = { ...process.env, PATH: path, CGO_ENABLED: '0', ...options.env };
  try {
    return await run('go', args, { ...options, env, missing: 'Install Go: https://go.dev/dl.' });
  } catch (cause) {
    throw cause instanceof Unavailable ? cause : new Unavailable((cause as Error).message, { cause });
  }
}
