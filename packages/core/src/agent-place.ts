import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, parse, resolve } from 'node:path';
import { ConfigErrors, readDocument, resolveSettings } from './config/index.ts';
import { defaultDataDir } from './config/settings.ts';
import { controlSocket } from './control-socket.ts';

/**
 * Where the agent of a pipeline file keeps its state. Loads no plugin and asks no source. A file that has been broken since its
 * agent started still leads to the usual place, if an agent has been there.
 * @throws ConfigErrors
 */
export async function dataDirOf(file: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const document = await readDocument(file);
    return resolveSettings(document, document.value, { env, host: hostname() }).dataDir;
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error;
    const usual = defaultDataDir(resolve(file), parse(file).name);
    if (existsSync(join(usual, controlSocket))) return usual;
    throw error;
  }
}
