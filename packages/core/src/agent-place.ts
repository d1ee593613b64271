import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import { ConfigErrors, readDocument, resolveSettings } from './config/index.ts';
import { defaultDataDir } from './config/settings.ts';
import { askAgent } from './control/control-client.ts';
import { controlSocket } from './control/control-socket.ts';
import type { AgentStatus } from './status/agent-status.ts';

/**
 * Where the agent of a pipeline file keeps its state. Loads no plugin and asks no source. A file that has been broken since its
 * agent started still leads to the usual place, if an agent has been there; one that has another name or data_dir since then, to
 * the agent beside it that says it runs this file.
 * @throws ConfigErrors
 */
export async function dataDirOf(file: string, env: NodeJS.ProcessEnv): Promise<string> {
  const usual = defaultDataDir(resolve(file), parse(file).name);
  let dataDir: string;
  try {
    const document = await readDocument(file);
    dataDir = resolveSettings(document, document.value, { env, host: hostname() }).dataDir;
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error;
    const beside = existsSync(join(usual, controlSocket)) ? usual : await agentBeside(file, usual);
    if (beside === undefined) throw error;
    return beside;
  }
  if (existsSync(join(dataDir, controlSocket))) return dataDir;
  return (await agentBeside(file, usual)) ?? dataDir;
}

/** The data_dir, among the usual ones of this folder, of an agent that runs this very file. */
async function agentBeside(file: string, usual: string): Promise<string | undefined> {
  const folder = dirname(usual);
  for (const name of await readdir(folder).catch(() => [])) {
    const dataDir = join(folder, name);
    if (!existsSync(join(dataDir, controlSocket))) continue;
    const status = await askAgent(dataDir, 'GET', '/status').catch(() => undefined);
    if ((status as AgentStatus | undefined)?.file === resolve(file)) return dataDir;
  }
  return undefined;
}
