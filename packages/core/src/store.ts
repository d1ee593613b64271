import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type LoadedConfig, LogcatchError, messageOf, type OpenRequest, type SourceMeta } from '@logcatch/plugin-api';
import type { GoodValues } from './config-sources.ts';

const schemaVersion = 1;

/** A source's row, kept in memory and written when it changed. */
export interface SourceRow {
  readonly key: number;
  readonly component: string;
  readonly path: string;
  position: number;
  /** The position that is on disk. */
  saved: number;
  meta: SourceMeta;
  /** Nothing more will be read from it; only what is on its way keeps it. Not on disk: after a restart it is looked at again. */
  ended?: true;
}

/**
 * Positions on disk: one SQLite database in data_dir. WAL with synchronous=NORMAL survives the death of the process at
 * any moment; a power cut can take back the last commits, which repeats records and loses none. The database is locked
 * as long as it is open, so a second agent is refused, and the lock dies with its process.
 */
export class Store implements GoodValues {
  readonly #database: DatabaseSync;
  readonly #rows = new Map<number, SourceRow>();
  readonly #started: Set<string>;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  #lastKey: number;

  /** @throws LC_DATA_DIR, LC_DATA_DIR_LOCKED, LC_STATE_NEWER, LC_STATE_CORRUPT */
  constructor(dataDir: string) {
    this.#database = open(dataDir);
    const rows = this.#database.prepare('SELECT key, component, path, position, meta FROM sources').all();
    for (const { key, component, path, position, meta } of rows) {
      this.#rows.set(Number(key), {
        key: Number(key),
        component: String(component),
        path: String(path),
        position: Number(position),
        saved: Number(position),
        meta: JSON.parse(String(meta)),
      });
    }
    this.#lastKey = Math.max(0, ...this.#rows.keys());
    const components = this.#database.prepare('SELECT id FROM components').all();
    this.#started = new Set(components.map(({ id }) => String(id)));
    this.#insert = this.#database.prepare(
      'INSERT INTO sources (key, component, path, position, meta) VALUES (?, ?, ?, ?, ?)',
    );
    this.#update = this.#database.prepare('UPDATE sources SET position = ?, meta = ? WHERE key = ?');
    this.#delete = this.#database.prepare('DELETE FROM sources WHERE key = ?');
  }

  /** Tells this agent from all others: the host's name, for people, and six random hex digits. Made once, then kept. */
  agentId(): string {
    const kept = this.#database.prepare('SELECT id FROM agent').get();
    if (kept) return String(kept.id);
    const id = `${readable(hostname())}-${randomBytes(3).toString('hex')}`;
    this.#database.prepare('INSERT INTO agent (id) VALUES (?)').run(id);
    return id;
  }

  rowsOf(component: string): SourceRow[] {
    return [...this.#rows.values()].filter((row) => row.component === component);
  }

  /** Whether an input with this id has ever finished its first discovery. */
  hasStarted(component: string): boolean {
    return this.#started.has(component);
  }

  setStarted(component: string): void {
    if (this.#started.has(component)) return;
    this.#database.prepare('INSERT OR IGNORE INTO components (id) VALUES (?)').run(component);
    this.#started.add(component);
  }

  /** The rows of the sources asked for; new ones are on disk when it returns. Nothing has changed when it throws. */
  open(component: string, requests: readonly OpenRequest[]): SourceRow[] {
    let lastKey = this.#lastKey;
    const rows = requests.map(({ key, path, position, meta }): SourceRow => {
      const known = key === undefined ? undefined : this.#rows.get(key);
      const start = position ?? known?.position ?? 0;
      return {
        key: known?.key ?? ++lastKey,
        component,
        path: known?.path ?? path,
        position: start,
        saved: start,
        meta,
      };
    });
    this.#commit(() => {
      for (const { key, path, position, meta } of rows) {
        if (this.#rows.has(key)) this.#update.run(position, JSON.stringify(meta), key);
        else this.#insert.run(key, component, path, position, JSON.stringify(meta));
      }
    });
    this.#lastKey = lastKey;
    for (const row of rows) this.#rows.set(row.key, row);
    return rows;
  }

  save(rows: readonly SourceRow[]): void {
    this.#commit(() => {
      for (const row of rows) this.#update.run(row.position, JSON.stringify(row.meta), row.key);
    });
    for (const row of rows) row.saved = row.position;
  }

  /** The source is no longer known; its row on disk goes with {@link remove}. */
  forget(row: SourceRow): void {
    this.#rows.delete(row.key);
  }

  remove(rows: readonly SourceRow[]): void {
    this.#commit(() => {
      for (const row of rows) this.#delete.run(row.key);
    });
  }

  saveGood(name: string, { loaded, at }: { loaded: LoadedConfig; at: number }): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO good_values (name, loaded, at) VALUES (?, ?, ?)')
      .run(name, JSON.stringify(loaded), at);
  }

  loadGood(name: string): { loaded: LoadedConfig; at: number } | undefined {
    const row = this.#database.prepare('SELECT loaded, at FROM good_values WHERE name = ?').get(name);
    return row && { loaded: JSON.parse(String(row.loaded)), at: Number(row.at) };
  }

  /** It was seen again, unchanged. */
  touchGood(name: string, at: number): void {
    this.#database.prepare('UPDATE good_values SET at = ? WHERE name = ?').run(at, name);
  }

  forgetGood(name: string): void {
    this.#database.prepare('DELETE FROM good_values WHERE name = ?').run(name);
  }

  close(): void {
    this.#database.close();
  }

  #commit<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** What an `agent_id` may hold of a host's name. */
function readable(host: string): string {
  return (
    host
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 60) || 'host'
  );
}

function open(dataDir: string): DatabaseSync {
  const pidFile = join(dataDir, 'agent.pid');
  let database: DatabaseSync | undefined;
  try {
    makeFolder(dataDir);
    const file = join(dataDir, 'state.db');
    // It holds the values of remote sources too. SQLite gives its other files the rights of this one.
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    database = new DatabaseSync(file);
    // The exclusive lock is taken by the first write and held until the end.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    migrate(database, dataDir);
    writeFileSync(pidFile, `${process.pid}\n`);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof LogcatchError) throw error;
    throw explain(error, dataDir, pidFile);
  }
}

/** As `mkdir -p`. Node's own goes round for ever where a file system denies that what it has just looked at is there: /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

function migrate(database: DatabaseSync, dataDir: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()!.user_version);
  if (version > schemaVersion) {
    throw new LogcatchError(
      'LC_STATE_NEWER',
      `${dataDir} has state of version ${version}, this logcatch knows ${schemaVersion}`,
    );
  }
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS components (id TEXT PRIMARY KEY) STRICT;
    CREATE TABLE IF NOT EXISTS sources (
      key INTEGER PRIMARY KEY, component TEXT NOT NULL, path TEXT NOT NULL, position INTEGER NOT NULL, meta TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS good_values (name TEXT PRIMARY KEY, loaded TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS agent (id TEXT PRIMARY KEY) STRICT;
    PRAGMA user_version = ${schemaVersion};
    COMMIT`);
}

function explain(error: unknown, dataDir: string, pidFile: string): LogcatchError {
  const { errcode } = error as { errcode?: number };
  const busy = 5;
  const corrupt = 11;
  const notADatabase = 26;
  if (errcode === busy) {
    return new LogcatchError('LC_DATA_DIR_LOCKED', `${dataDir} is in use by ${holder(pidFile)}`, { cause: error });
  }
  if (errcode === corrupt || errcode === notADatabase) {
    return new LogcatchError('LC_STATE_CORRUPT', `${join(dataDir, 'state.db')} is damaged: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return new LogcatchError('LC_DATA_DIR', `${dataDir}: ${messageOf(error)}`, { cause: error });
}

function holder(pidFile: string): string {
  try {
    return `the agent with pid ${readFileSync(pidFile, 'utf8').trim()}`;
  } catch {
    return 'another agent';
  }
}
