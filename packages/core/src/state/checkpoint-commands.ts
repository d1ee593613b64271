import { LogcatchError } from '@logcatch/plugin-api';
import type { Commands } from '../control/control.ts';
import { askAgent } from '../control/control-client.ts';
import { type Checkpoint, Checkpoints, type Move, type PathReport, type SeekTarget } from './checkpoints.ts';
import { withAgentOrState } from './state-access.ts';

/** Checkpoints of an agent, whether it runs or not: see {@link Checkpoints}. */
export interface CheckpointAccess {
  list(input?: string): Checkpoint[] | Promise<Checkpoint[]>;
  report(path: string): Promise<PathReport>;
  reset(paths: readonly string[]): Promise<Move[]>;
  seek(path: string, target: SeekTarget): Promise<Move[]>;
}

/** What can be asked of a running agent. */
export function checkpointCommands(checkpoints: Checkpoints): Commands {
  const path = (query: URLSearchParams) => query.get('path') ?? '';
  return {
    'GET /checkpoints': (query) => checkpoints.list(query.get('input') ?? undefined),
    'GET /explain': (query) => checkpoints.report(path(query)),
    'POST /checkpoints/reset': (query) => checkpoints.reset(query.getAll('path')),
    'POST /checkpoints/seek': (query) => checkpoints.seek(path(query), seekTarget(query.get('to') ?? '')),
  };
}

/** A number of bytes, `beginning` or `end`. @throws LC_CHECKPOINT_POSITION */
export function seekTarget(text: string): SeekTarget {
  if (text === 'beginning' || text === 'end') return text;
  if (/^\d+$/.test(text)) return Number(text);
  throw new LogcatchError('LC_CHECKPOINT_POSITION', `"${text}" is no position`);
}

/**
 * The checkpoints of a data_dir: of the agent that runs there, or else of its state, under its lock.
 * @throws LC_AGENT_NOT_RUNNING where no agent has ever been, LC_STATE_CORRUPT, LC_DATA_DIR_LOCKED
 */
export function withCheckpoints<T>(dataDir: string, use: (checkpoints: CheckpointAccess) => Promise<T>): Promise<T> {
  return withAgentOrState(
    dataDir,
    () => use(remote(dataDir)),
    (store) => use(Checkpoints.of(store)),
  );
}

function remote(dataDir: string): CheckpointAccess {
  const ask = (method: 'GET' | 'POST', path: string, query: Record<string, string> | [string, string][]) =>
    askAgent(dataDir, method, `${path}?${new URLSearchParams(query)}`);
  return {
    list: (input) => ask('GET', '/checkpoints', input === undefined ? {} : { input }) as Promise<Checkpoint[]>,
    report: (path) => ask('GET', '/explain', { path }) as Promise<PathReport>,
    reset: (paths) =>
      ask(
        'POST',
        '/checkpoints/reset',
        paths.map((path) => ['path', path]),
      ) as Promise<Move[]>,
    seek: (path, to) => ask('POST', '/checkpoints/seek', { path, to: String(to) }) as Promise<Move[]>,
  };
}
