import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type LoadedConfig, LogcatchError, messageOf, type OpenRequest, plural } from '@logcatch/plugin-api';
import type { GoodValues } from '../reload/config-sources.ts';
import { type EndedSource, EndedSources, type PathHistory } from './ended-sources.ts';
import { type Account, emptyAccount, Ledger, sum } from './ledger.ts';
import { type SourceRecord, SourceRow } from './source-row.ts';
import { isDamage, openState, type Repair, replaceState } from './state-database.ts';

/** Milliseconds after which a source that no input has had open is forgotten: its file is long gone, or nobody asks for it any more. */
const retention = 30 * 24 * 3_600_000;
const day = 24 * 3_600_000;

export interface StoreOptions {
  /** Set a database that is damaged or foreign aside and go on with what can be read of it. Default true; otherwise that is thrown. */
  readonly mend?: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Positions and ledgers on disk: one SQLite database in data_dir. WAL with synchronous=NORMAL survives the death of the process at
 * any moment; a power cut can take back the last commits, which repeats records and loses none. The database is locked
 * as long as it is open, so a second agent is refused, and the lock dies with its process.
 *
 * One that is damaged is set aside, at start or whenever that is noticed. What is in memory is all that is needed to go on.
 */
export class Store implements GoodValues {
  /** Called when a database was set aside while running. */
  onRepair: (error: LogcatchError) => void = () => {};
  readonly #dataDir: string;
  readonly #now: () => number;
  readonly #rows = new Map<string, Map<number, SourceRow>>();
  readonly #ended = new EndedSources();
  readonly #started: Set<string>;
  /** When it became unknown which components have started: all count as such from then on, for nothing may be skipped. */
  #lostAt: number | undefined;
  #repaired: LogcatchError | undefined;
  #agentId: string | undefined;
  #lastKey: number;
  #database: DatabaseSync;
  #put!: StatementSync;

  /** @throws LC_DATA_DIR, LC_DATA_DIR_LOCKED, LC_STATE_NEWER, LC_STATE_CORRUPT */
  constructor(dataDir: string, { mend = true, now = Date.now }: StoreOptions = {}) {
    this.#dataDir = dataDir;
    this.#now = now;
    const { database, repair } = openState(dataDir, mend);
    this.#database = database;
    this.#use(database);
    if (repair) this.#repaired = this.#accept(repair);
    // Of a version before, or saved from one that was damaged.
    database.exec("UPDATE sources SET uid = lower(hex(randomblob(8))) WHERE uid = ''");
    for (const record of database.prepare('SELECT * FROM sources').iterate()) {
      this.#keep(SourceRow.from(record as unknown as SourceRecord));
    }
    this.#ended.load();
    this.#lastKey = Number(column(database, 'SELECT max(key) FROM sources')[0] ?? 0);
    this.#started = new Set(column(database, 'SELECT id FROM components').map(String));
    this.#agentId = column(database, 'SELECT id FROM agent').map(String)[0];
    this.#lostAt = column(database, 'SELECT at FROM lost').map(Number)[0];
  }

  /** What was last wrong with the state, since it was opened or then, and what was done about it. */
  get repaired(): LogcatchError | undefined {
    return this.#repaired;
  }

  /** Tells this agent from all others: the host's name, for people, and six random hex digits. Made once, then kept. */
  agentId(): string {
    if (this.#agentId !== undefined) return this.#agentId;
    const id = `${readable(hostname())}-${randomBytes(3).toString('hex')}`;
    this.#commit(() => this.#add('agent', id));
    this.#agentId = id;
    return id;
  }

  /** Of all inputs. */
  get rows(): SourceRow[] {
    return [...this.#rows.values()].flatMap((rows) => [...rows.values()]);
  }

  rowsOf(component: string): SourceRow[] {
    return [...(this.#rows.get(component)?.values() ?? [])];
  }

  /** Whether an input with this id has ever finished its first discovery. */
  hasStarted(component: string): boolean {
    return this.#started.has(component) || this.#lostAt !== undefined;
  }

  setStarted(component: string): void {
    if (this.#started.has(component)) return;
    this.#commit(() => this.#add('components', component));
    this.#started.add(component);
  }

  /** The rows of the sources asked for; new ones are on disk when it returns. Nothing has changed when it throws. */
  open(component: string, requests: readonly OpenRequest[]): SourceRow[] {
    let lastKey = this.#lastKey;
    const rows = requests.map(({ key, path, position, meta }): SourceRow => {
      const known = key === undefined ? undefined : this.#rows.get(component)?.get(key);
      const ledger = known ? Ledger.from(known.position, known.ledger.stored) : new Ledger(position ?? 0);
      if (known && position !== undefined) ledger.seek(position);
      const init = {
        key: known?.key ?? ++lastKey,
        component,
        path: known?.path ?? path,
        ledger,
        meta,
        seen: this.#now(),
      };
      return new SourceRow({ ...init, ...(known && { uid: known.uid, committed: known.committed }) });
    });
    this.#commit(() => {
      for (const row of rows) this.#write(row);
    });
    this.#lastKey = lastKey;
    for (const row of rows) {
      row.open = true;
      this.#keep(row);
    }
    return rows;
  }

  /** What another row has taken the place of since is not written: it would take its position back. */
  save(rows: readonly SourceRow[]): void {
    const current = rows.filter((row) => this.#rows.get(row.component)?.get(row.key) === row);
    this.#commit(() => {
      for (const row of current) this.#write(row);
    });
    for (const row of current) {
      row.saved = row.position;
      row.refused = false;
      row.reader?.stored();
    }
  }

  /** Makes rows of sources that only an output knows any more. Their inputs have started before, then. */
  adopt(records: readonly Omit<SourceRecord, 'key' | 'seen'>[]): void {
    if (records.length === 0) return;
    const seen = this.#now();
    const rows = records.map((record, i) => SourceRow.from({ ...record, key: this.#lastKey + 1 + i, seen }));
    const components = new Set(rows.map(({ component }) => component));
    this.#commit(() => {
      for (const row of rows) this.#write(row);
      for (const id of components) this.#add('components', id);
    });
    this.#lastKey += rows.length;
    for (const row of rows) this.#keep(row);
    for (const id of components) this.#started.add(id);
  }

  /** The source is no longer known. What is left of it is on disk with {@link writeEnded}. */
  end(row: SourceRow, how: string): EndedSource {
    const rows = this.#rows.get(row.component);
    rows?.delete(row.key);
    if (rows?.size === 0) this.#rows.delete(row.component);
    const ended = { row, how, at: this.#now(), position: row.position, account: row.ledger.closed(how) };
    this.#ended.count(ended);
    return ended;
  }

  writeEnded(ended: readonly EndedSource[]): void {
    this.#commit(() => {
      const remove = this.#database.prepare('DELETE FROM sources WHERE key = ?');
      for (const { row } of ended) remove.run(row.key);
      this.#ended.write(ended);
    });
  }

  /** What is kept of the sources that have ended at a path, for each input. */
  history(path: string): PathHistory[] {
    return this.#ended.of(path);
  }

  /** Where every byte went, by input. */
  accounts(): Map<string, Account> {
    const accounts = new Map(this.#ended.sums);
    for (const [component, rows] of this.#rows) {
      let account = accounts.get(component) ?? emptyAccount;
      for (const { ledger } of rows.values()) account = sum(account, ledger.account);
      accounts.set(component, account);
    }
    return accounts;
  }

  /** Says that what is open is still there, and returns what nobody has had open for so long that it can be forgotten. */
  stale(): SourceRow[] {
    const now = this.#now();
    const { rows } = this;
    const seen = rows.filter((row) => row.open && row.seen < now - day);
    if (this.#lostAt !== undefined && this.#lostAt < now - retention) this.#lostAt = undefined;
    this.#commit(() => {
      const see = this.#database.prepare('UPDATE sources SET seen = ? WHERE key = ?');
      for (const { key } of seen) see.run(now, key);
      if (this.#lostAt === undefined) this.#database.exec('DELETE FROM lost');
    });
    for (const row of seen) row.seen = now;
    return rows.filter((row) => !row.open && row.seen < now - retention);
  }

  saveGood(name: string, { loaded, at }: { loaded: LoadedConfig; at: number }): void {
    this.#commit(() =>
      this.#database
        .prepare('INSERT OR REPLACE INTO good_values (name, loaded, at) VALUES (?, ?, ?)')
        .run(name, JSON.stringify(loaded), at),
    );
  }

  loadGood(name: string): { loaded: LoadedConfig; at: number } | undefined {
    const row = this.#database.prepare('SELECT loaded, at FROM good_values WHERE name = ?').get(name);
    return row && { loaded: JSON.parse(String(row.loaded)), at: Number(row.at) };
  }

  /** It was seen again, unchanged. */
  touchGood(name: string, at: number): void {
    this.#commit(() => this.#database.prepare('UPDATE good_values SET at = ? WHERE name = ?').run(at, name));
  }

  forgetGood(name: string): void {
    this.#commit(() => this.#database.prepare('DELETE FROM good_values WHERE name = ?').run(name));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #use(database: DatabaseSync): void {
    this.#database = database;
    this.#ended.use(database);
    this.#put = database.prepare(
      `INSERT INTO sources (key, component, path, position, meta, ledger, seen, uid, committed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET position = excluded.position, meta = excluded.meta, ledger = excluded.ledger, seen = excluded.seen,
         committed = excluded.committed`,
    );
  }

  #accept({ what, salvaged, done }: Repair): LogcatchError {
    if (!salvaged.components) this.#transaction(() => this.#lose(this.#now()));
    done();
    return damaged(
      `${what}. ${plural(salvaged.sources, 'position')} could be read of it and go on; every other file is read from its beginning, ` +
        'also where an input says `from: end`: records are repeated, none are lost',
    );
  }

  #add(table: 'agent' | 'components', id: string): void {
    this.#database.prepare(`INSERT OR IGNORE INTO ${table} (id) VALUES (?)`).run(id);
  }

  #lose(at: number): void {
    this.#database.prepare('INSERT INTO lost (at) VALUES (?)').run(at);
  }

  #keep(row: SourceRow): void {
    const rows = this.#rows.get(row.component) ?? new Map<number, SourceRow>();
    this.#rows.set(row.component, rows.set(row.key, row));
  }

  #write({ record }: SourceRow): void {
    const { key, component, path, position, meta, ledger, seen, uid, committed } = record;
    this.#put.run(key, component, path, position, meta, ledger, seen, uid, committed);
  }

  #commit(work: () => void): void {
    try {
      this.#transaction(work);
    } catch (error) {
      if (!isDamage(error) && this.#database.isOpen) throw error;
      this.#renew(messageOf(error));
      this.#transaction(work);
    }
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** The database turned out to be damaged while it was in use: what is in memory goes into a new one. */
  #renew(reason: string): void {
    const first = this.#database.isOpen;
    if (first) this.#database.close();
    // Where that failed before, somebody else may have the database by now: then it is looked at as at the start.
    const { database, repair } = first ? replaceState(this.#dataDir, reason) : openState(this.#dataDir, true);
    this.#use(database);
    try {
      this.#transaction(() => this.#refill());
    } catch (error) {
      // The next commit makes another: this one holds less than is in memory.
      database.close();
      throw error;
    }
    repair?.done();
    const what = repair?.what ?? `The state of ${this.#dataDir} could not be used: ${reason}`;
    this.#repaired = damaged(
      `${what}. A new one was made of what is in memory: no position is lost, nothing is repeated`,
    );
    this.onRepair(this.#repaired);
  }

  #refill(): void {
    this.#database.exec('DELETE FROM sources; DELETE FROM components; DELETE FROM agent; DELETE FROM lost');
    for (const row of this.rows) this.#write(row);
    for (const id of this.#started) this.#add('components', id);
    if (this.#agentId !== undefined) this.#add('agent', this.#agentId);
    if (this.#lostAt !== undefined) this.#lose(this.#lostAt);
  }
}

function damaged(message: string): LogcatchError {
  return new LogcatchError('LC_STATE_CORRUPT', message);
}

function column(database: DatabaseSync, query: string): unknown[] {
  return database
    .prepare(query)
    .all()
    .flatMap((row) => Object.values(row));
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
