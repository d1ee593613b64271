import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  meta: SourceMeta;
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

  /** The rows of the sources asked for; new ones are on disk when it returns. */
  open(component: string, requests: readonly OpenRequest[]): SourceRow[] {
    return this.#commit(() =>
      requests.map(({ key, path, position, meta }) => {
        const known = key === undefined ? undefined : this.#rows.get(key);
        if (known) {
          known.position = position ?? known.position;
          known.meta = meta;
          this.#update.run(known.position, JSON.stringify(meta), known.key);
          return known;
        }
        const row: SourceRow = { key: ++this.#lastKey, component, path, position: position ?? 0, meta };
        this.#insert.run(row.key, component, path, row.position, JSON.stringify(meta));
        this.#rows.set(row.key, row);
        return row;
      }),
    );
  }

  save(rows: readonly SourceRow[]): void {
    this.#commit(() => {
      for (const row of rows) this.#update.run(row.position, JSON.stringify(row.meta), row.key);
    });
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
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function open(dataDir: string): DatabaseSync {
  const pidFile = join(dataDir, 'agent.pid');
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(dataDir, 'state.db'));
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
