import { constants, statSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { type Finding, LogcatchError, messageOf, nearestThere, networkFileSystem } from '@logcatch/plugin-api';
import { askAgent } from '../control/control-client.ts';
import type { AgentStatus } from '../status/agent-status.ts';

/** Bytes: of positions, and of dead letters when they are full. */
const [leastFree, littleFree] = [128 << 20, 1 << 30];
/** Linux's number of tmpfs. */
const memory = 0x01021994;
/** Milliseconds for an agent to answer. */
const patience = 5_000;

/** Whether an agent can keep its state in data_dir. Nothing is made there. */
export async function* stateFolder(dataDir: string, file: string): AsyncGenerator<Finding> {
  const there = nearestThere(dataDir);
  const made = there === dataDir ? '' : `, which can be made in ${there}`;
  if (!statSync(there).isDirectory()) {
    yield {
      level: 'problem',
      what: `${there} is no folder, so data_dir cannot be ${dataDir}`,
      hint: 'Set `data_dir`.',
    };
    return;
  }
  const writable = await access(there, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (writable) yield { level: 'ok', what: `data_dir is ${dataDir}${made}` };
  else {
    const hint = 'Give it to the user that the agent runs as, or set `data_dir`.';
    yield { level: 'problem', what: `data_dir ${dataDir} cannot be written: no permission for ${there}`, hint };
  }
  yield* disk(there);
  yield await agent(dataDir, file);
}

async function* disk(folder: string): AsyncGenerator<Finding> {
  const network = await networkFileSystem(folder);
  if (network !== undefined) {
    const hint = 'Set `data_dir` to a local disk: locks and the database need one.';
    yield { level: 'problem', what: `data_dir is on a network file system (${network})`, hint };
  }
  const { bavail, bsize, type } = await statfs(folder);
  if (type === memory) {
    const hint = 'Set `data_dir` to a disk: after a reboot all files would be read anew.';
    yield { level: 'warning', what: 'data_dir is in memory (tmpfs)', hint };
  }
  const free = bavail * bsize;
  const level = free < leastFree ? 'problem' : free < littleFree ? 'warning' : 'ok';
  const hint = { hint: 'Free space there: without it positions are not stored, and lines come again after a restart.' };
  yield { level, what: `${Math.floor(free / 2 ** 20)} MiB are free for it`, ...(level !== 'ok' && hint) };
}

async function agent(dataDir: string, file: string): Promise<Finding> {
  try {
    const { pid, file: running } = (await askAgent(dataDir, 'GET', '/status', patience)) as AgentStatus;
    if (running === file) return { level: 'ok', what: `its agent runs (pid ${pid})` };
    const hint = 'Give this pipeline its own `name` or `data_dir`.';
    return { level: 'problem', what: `the agent of ${running} (pid ${pid}) uses this data_dir`, hint };
  } catch (error) {
    if (!(error instanceof LogcatchError)) return { level: 'warning', what: messageOf(error) };
    if (error.code === 'LC_AGENT_NOT_RUNNING') return { level: 'ok', what: 'no agent runs there' };
    return { level: 'warning', what: error.message, hint: error.hint };
  }
}
