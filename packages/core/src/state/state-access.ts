import { accessSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { LogcatchError } from '@logcatch/plugin-api';
import { stateFile } from './state-database.ts';
import { forbidden } from './state-failure.ts';
import { Store } from './store.ts';

/** @throws LC_AGENT_NOT_RUNNING where no agent has ever been, LC_AGENT_FORBIDDEN */
export function requireState(dataDir: string): void {
  try {
    accessSync(join(dataDir, stateFile));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES') throw forbidden(dataDir, cause);
    throw new LogcatchError('LC_AGENT_NOT_RUNNING', `no agent has run on ${dataDir}`, { cause });
  }
}

/**
 * Does something with a data_dir: by asking the agent that runs there, or else with its state, under its lock.
 * @throws LC_AGENT_NOT_RUNNING where no agent has ever been, LC_STATE_CORRUPT, LC_DATA_DIR_LOCKED
 */
export async function withAgentOrState<T>(
  dataDir: string,
  ask: () => Promise<T>,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const stopped = error instanceof LogcatchError && error.code === 'LC_AGENT_NOT_RUNNING';
    if (!stopped || !existsSync(join(dataDir, stateFile))) throw error;
  }
  const store = new Store(dataDir, { mend: false });
  try {
    return await use(store);
  } finally {
    store.close();
  }
}
