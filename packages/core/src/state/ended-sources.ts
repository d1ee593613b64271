import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { declaredId } from '../config/declared.ts';
import { type Account, emptyAccount, sum } from './ledger.ts';
import type { SourceRow } from './source-row.ts';

/** Ends kept of a path. */
const mostEnds = 5;
/** Paths kept. Those whose last end is the longest ago are summed up by input, all entries of an `each` together. */
const mostPaths = 10_000;
/** The path under which sums of many are kept. */
const others = '';

/** How a source ended. */
export interface SourceEnding {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `gone`, `truncated`, `replaced`: see `SourceEnd`; `forgotten`: not seen for a long time. */
  readonly how: string;
  /** Where its reading had come to. */
  readonly position: number;
  readonly account: Account;
}

/** What is kept of all sources of one input that were at one path and have ended. */
export interface PathHistory {
  readonly component: string;
  readonly path: string;
  /** Of all of them. */
  readonly account: Account;
  /** The last few, newest first. */
  readonly ends: readonly SourceEnding[];
}

/** A source that has ended, on its way to disk. */
export interface EndedSource extends SourceEnding {
  readonly row: SourceRow;
}

/** What is left of sources that have ended: their accounts, by input and path. Bounded. */
export class EndedSources {
  /** By component. */
  readonly #sums = new Map<string, Account>();
  readonly #most: number;
  #database!: DatabaseSync;
  #find!: StatementSync;
  #put!: StatementSync;

  constructor(most = mostPaths) {
    this.#most = most;
  }

  /** Reads and writes there from now on. */
  use(database: DatabaseSync): void {
    this.#database = database;
    this.#find = database.prepare('SELECT * FROM ended WHERE component = ? AND path = ?');
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO ended (component, path, account, ends, at) VALUES (?, ?, ?, ?, ?)',
    );
  }

  /** Sums up what is stored. */
  load(): void {
    for (const { component, account } of this.#database.prepare('SELECT component, account FROM ended').iterate()) {
      this.#add(String(component), JSON.parse(String(account)));
    }
  }

  /** The account of all that have ended, by component. */
  get sums(): ReadonlyMap<string, Account> {
    return this.#sums;
  }

  /** What is kept of a path, for each input that read it. */
  of(path: string): PathHistory[] {
    return this.#database.prepare('SELECT * FROM ended WHERE path = ?').all(path).map(historyOf);
  }

  /** Counts one that is not on disk yet. */
  count({ row, account }: EndedSource): void {
    this.#add(row.component, account);
  }

  /** Writes them. Within the transaction that removes their rows. */
  write(ended: readonly EndedSource[]): void {
    for (const { row, ...ending } of ended) this.#merge(row.component, row.path, ending.account, [ending]);
    this.#bound();
  }

  #bound(): void {
    const paths = Number(this.#database.prepare('SELECT count(*) AS paths FROM ended').get()!.paths);
    const slack = this.#most / 10;
    if (paths <= this.#most + slack) return;
    const oldest = this.#database.prepare('SELECT * FROM ended WHERE path <> ? ORDER BY at LIMIT ?');
    const remove = this.#database.prepare('DELETE FROM ended WHERE component = ? AND path = ?');
    for (const row of oldest.all(others, paths - this.#most)) {
      const { component, path, account } = historyOf(row);
      this.#merge(declaredId(component), others, account, []);
      remove.run(component, path);
    }
    // Everything that was counted is written by now.
    this.#sums.clear();
    this.load();
  }

  #merge(component: string, path: string, account: Account, ends: readonly SourceEnding[]): void {
    const row = this.#find.get(component, path);
    const before = row && historyOf(row);
    const kept = [...ends, ...(before?.ends ?? [])].slice(0, mostEnds);
    const all = sum(before?.account ?? emptyAccount, account);
    this.#put.run(component, path, JSON.stringify(all), JSON.stringify(kept), kept[0]?.at ?? 0);
  }

  #add(component: string, account: Account): void {
    this.#sums.set(component, sum(this.#sums.get(component) ?? emptyAccount, account));
  }
}

function historyOf(row: Record<string, unknown>): PathHistory {
  return {
    component: String(row.component),
    path: String(row.path),
    account: JSON.parse(String(row.account)),
    ends: JSON.parse(String(row.ends)),
  };
}
