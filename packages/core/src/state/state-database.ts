import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LogcatchError, messageOf } from '@logcatch/plugin-api';
import { readPid, writePid } from './agent-pid.ts';
import { codeOf, explain } from './state-failure.ts';
import { type Salvage, salvage } from './state-salvage.ts';
import { fault, foreign, migrate } from './state-schema.ts';

export const stateFile = 'state.db';

/** A database that could not be used was set aside, and a new one made of what could be read. */
export interface Repair {
  /** What was wrong, and where the old one is now. */
  readonly what: string;
  readonly salvaged: Salvage;
  /** What was lost is written into the new one: until then a kill makes the next start do all of it again. */
  done(): void;
}

export interface OpenedState {
  readonly database: DatabaseSync;
  readonly repair: Repair | undefined;
}

/**
 * Opens the state of a data_dir and takes its lock.
 * @param mend set a database that is damaged or foreign aside; without it that is thrown
 * @throws LC_DATA_DIR, LC_DATA_DIR_LOCKED, LC_STATE_NEWER, LC_STATE_CORRUPT
 */
export function openState(dataDir: string, mend: boolean): OpenedState {
  try {
    makeFolder(dataDir);
    const state = usable(dataDir, mend);
    writePid(dataDir);
    return state;
  } catch (error) {
    if (error instanceof LogcatchError) throw error;
    throw explain(error, dataDir);
  }
}

/** Whether SQLite says that a database is damaged or none. */
export function isDamage(error: unknown): boolean {
  const corrupt = 11;
  const notADatabase = 26;
  return [corrupt, notADatabase].includes(codeOf(error));
}

/** Sets the database aside, which must be closed, and makes a new one of what can be read. @throws what the file system says */
export function replaceState(dataDir: string, reason: string): OpenedState {
  const aside = asideOf(dataDir);
  writeFileSync(join(dataDir, mending), JSON.stringify({ aside, reason }));
  setAside(dataDir, aside);
  return remake(dataDir, { aside, reason });
}

/** Where what is being set aside goes, and why: there as long as the new database is not complete. */
const mending = 'state.mending';

function remake(dataDir: string, { aside, reason }: { aside: string; reason: string }): OpenedState {
  const database = connect(dataDir);
  const what = `${join(dataDir, stateFile)} cannot be used: ${reason}. It was set aside as ${aside}`;
  const done = () => rmSync(join(dataDir, mending), { force: true });
  return { database, repair: { what, salvaged: salvage(aside, database), done } };
}

/** Goes on where a kill has interrupted {@link replaceState}; nothing where it had not set anything aside yet. */
function interrupted(dataDir: string): OpenedState | undefined {
  const file = join(dataDir, mending);
  if (!existsSync(file)) return undefined;
  const { aside, reason } = mendingOf(file);
  if (!existsSync(aside)) {
    rmSync(file);
    return undefined;
  }
  // What the new one held was copied, and is copied again. Without it, what belongs to the old one has still to follow.
  if (existsSync(join(dataDir, stateFile))) {
    for (const part of ['', '-wal', '-shm']) rmSync(join(dataDir, stateFile) + part, { force: true });
  } else setAside(dataDir, aside);
  return remake(dataDir, { aside, reason });
}

function mendingOf(file: string): { aside: string; reason: string } {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { aside: string; reason: string };
  } catch {
    // Killed while it was written: nothing was set aside yet.
    return { aside: '', reason: '' };
  }
}

function usable(dataDir: string, mend: boolean): OpenedState {
  let reason: string | undefined;
  try {
    const resumed = mend ? interrupted(dataDir) : undefined;
    if (resumed) return resumed;
    reason = emptied(dataDir);
    if (reason === undefined) return { database: connect(dataDir), repair: undefined };
  } catch (error) {
    if (!(error instanceof Unusable) && !isDamage(error) && !isMisshapen(error)) throw error;
    reason = messageOf(error);
  }
  if (mend) return replaceState(dataDir, reason);
  throw new LogcatchError('LC_STATE_CORRUPT', `${join(dataDir, stateFile)} cannot be used: ${reason}`, {
    hint: 'Start the agent: it sets it aside and goes on with what can be read of it.',
  });
}

/** Tables or columns are not those that the version in its header has. */
function isMisshapen(error: unknown): boolean {
  const sqlError = 1;
  return codeOf(error) === sqlError;
}

/** An agent has been here, and its file holds nothing: SQLite would take it for a new one. */
function emptied(dataDir: string): string | undefined {
  const file = statSync(join(dataDir, stateFile), { throwIfNoEntry: false });
  return file?.size === 0 && readPid(dataDir) !== undefined ? 'it is empty' : undefined;
}

/** What is wrong with a database that SQLite can open. */
class Unusable extends Error {}

function connect(dataDir: string): DatabaseSync {
  const file = join(dataDir, stateFile);
  // It holds the values of remote sources too. SQLite gives its other files the rights of this one.
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file);
  try {
    const stranger = foreign(database);
    if (stranger !== undefined) throw new Unusable(stranger);
    // The exclusive lock is taken by the first write and held until the end.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    migrate(database, dataDir);
    const wrong = fault(database);
    if (wrong !== undefined) throw new Unusable(wrong);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Where a database that cannot be used goes. */
function asideOf(dataDir: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const file = join(dataDir, stateFile);
  let aside = `${file}.damaged-${time}`;
  for (let number = 2; existsSync(aside); number++) aside = `${file}.damaged-${time}-${number}`;
  return aside;
}

/** Renames a database with all that belongs to it. */
function setAside(dataDir: string, aside: string): void {
  const file = join(dataDir, stateFile);
  for (const part of ['', '-wal', '-shm']) if (existsSync(file + part)) renameSync(file + part, aside + part);
}

/** As `mkdir -p`. Node's own goes round for ever where a file system denies that what it has just looked at is there: /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}
