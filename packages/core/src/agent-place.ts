import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import { ConfigErrors, parseDocument, readText, type ResolveScope, resolveSettings } from './config/index.ts';
import { defaultDataDir } from './config/settings.ts';
import { askAgent } from './control/control-client.ts';
import { controlSocket } from './control/control-socket.ts';
import type { AgentStatus } from './status/agent-status.ts';

type Scope = Pick<ResolveScope, 'env' | 'host'>;

/**
 * Where the agent of a pipeline file keeps its state. Loads no plugin and asks no source. A file that has been broken since its
 * agent started still leads to the place that it says, or else to the usual one, if an agent has been there; one that has another
 * name or data_dir since then, to the agent beside it that says it runs this file.
 * @throws ConfigErrors
 */
export async function dataDirOf(file: string, env: NodeJS.ProcessEnv): Promise<string> {
  const usual = defaultDataDir(resolve(file), parse(file).name);
  const scope = { env, host: hostname() };
  let text = '';
  let dataDir: string;
  try {
    text = await readText(file);
    dataDir = saidBy(file, text, scope);
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error;
    const places = [stillSaidBy(file, text, scope), usual].filter((place) => place !== undefined);
    const found = places.find((place) => existsSync(join(place, controlSocket))) ?? (await agentBeside(file, usual));
    if (found === undefined) throw error;
    return found;
  }
  if (existsSync(join(dataDir, controlSocket))) return dataDir;
  return (await agentBeside(file, usual)) ?? dataDir;
}

function saidBy(file: string, text: string, scope: Scope): string {
  const document = parseDocument(file, text);
  return resolveSettings(document, document.value, scope).dataDir;
}

/** The place as two lines of a broken file say it, whatever is wrong with the others. */
function stillSaidBy(file: string, text: string, scope: Scope): string | undefined {
  try {
    return saidBy(file, (text.match(/^(name|data_dir):.*$/gm) ?? []).join('\n'), scope);
  } catch {
    return undefined;
  }
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
