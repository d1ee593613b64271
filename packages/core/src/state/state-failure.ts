import { LogcatchError, messageOf, nearestThere } from '@logcatch/plugin-api';
import { readPid } from './agent-pid.ts';

/** Why the state of a data_dir cannot be opened. */
export function explain(error: unknown, dataDir: string): LogcatchError {
  const busy = 5;
  if (codeOf(error) === busy) {
    const pid = readPid(dataDir);
    const holder = pid === undefined ? 'another agent' : `the agent with pid ${pid}`;
    return new LogcatchError('LC_DATA_DIR_LOCKED', `${dataDir} is in use by ${holder}`, { cause: error });
  }
  if (isFull(error)) {
    const hint = 'Free space on its disk, or set `data_dir:` in the pipeline file to a folder on another one.';
    return new LogcatchError('LC_DATA_DIR', `${dataDir}: its disk is full`, { cause: error, hint });
  }
  return new LogcatchError('LC_DATA_DIR', `${dataDir}: ${messageOf(error)}`, { cause: error });
}

/** This user may not look into a data_dir, or into a folder above it: then it is not known whether it is there. */
export function forbidden(dataDir: string, cause: unknown): LogcatchError {
  const there = nearestThere(dataDir);
  const message =
    there === dataDir
      ? `${dataDir} belongs to another user`
      : `this user may not enter ${there}, so it is not known whether ${dataDir} is there`;
  return new LogcatchError('LC_AGENT_FORBIDDEN', message, { cause });
}

/** SQLite's primary result code: the extended ones say more than is asked of most. */
export function codeOf(error: unknown): number {
  return (extendedCodeOf(error) ?? 0) & 0xff;
}

function isFull(error: unknown): boolean {
  const full = 13;
  // The file of a database's index, which opening it makes, cannot be given its size.
  const noRoomForIndex = 4874;
  const { code = '' } = error as NodeJS.ErrnoException;
  return codeOf(error) === full || extendedCodeOf(error) === noRoomForIndex || ['ENOSPC', 'EDQUOT'].includes(code);
}

function extendedCodeOf(error: unknown): number | undefined {
  return (error as { errcode?: number }).errcode;
}
