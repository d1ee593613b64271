import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/** What could be read of a damaged database. */
export interface Salvage {
  /** Positions that go on. */
  readonly sources: number;
  /** Every component that has ever started is known. */
  readonly components: boolean;
}

type Row = Record<string, SQLInputValue>;

const columns: Readonly<Record<string, readonly string[]>> = {
  agent: ['id'],
  components: ['id'],
  good_values: ['name', 'loaded', 'at'],
  sources: ['key', 'component', 'path', 'position', 'meta', 'ledger', 'seen', 'uid', 'committed'],
  ended: ['component', 'path', 'account', 'ends', 'at'],
  lost: ['at'],
};
const json = new Set(['loaded', 'meta', 'ledger', 'account', 'ends']);

/** Copies what can be read, and makes sense, into a new database. */
export function salvage(damaged: string, into: DatabaseSync): Salvage {
  const complete = new Set<string>();
  let sources = 0;
  let from: DatabaseSync | undefined;
  into.exec('BEGIN IMMEDIATE');
  try {
    from = new DatabaseSync(damaged, { readOnly: true });
    for (const [table, names] of Object.entries(columns)) {
      const { rows, whole } = readable(from, table);
      if (whole) complete.add(table);
      for (const row of rows.filter(makesSense)) {
        const held = names.filter((name) => row[name] !== undefined);
        const marks = held.map(() => '?').join(', ');
        const insert = into.prepare(`INSERT OR IGNORE INTO ${table} (${held.join(', ')}) VALUES (${marks})`);
        const { changes } = insert.run(...held.map((name) => row[name]!));
        if (table === 'sources') sources += Number(changes);
      }
    }
  } catch {
    // Nothing more can be read.
  } finally {
    into.exec('COMMIT');
    from?.close();
  }
  return { sources, components: complete.has('components') };
}

/** From both ends: a page that cannot be read in the middle stops each. */
function readable(database: DatabaseSync, table: string): { rows: Row[]; whole: boolean } {
  const rows: Row[] = [];
  for (const order of ['ASC', 'DESC']) {
    try {
      for (const row of database.prepare(`SELECT * FROM ${table} ORDER BY rowid ${order}`).iterate())
        rows.push(row as Row);
      return { rows, whole: true };
    } catch {
      // Go on from the other end.
    }
  }
  return { rows, whole: false };
}

function makesSense(row: Row): boolean {
  return Object.entries(row).every(([name, value]) => {
    if (name === 'position') return Number.isSafeInteger(value) && Number(value) >= 0;
    if (json.has(name)) return isJson(String(value));
    return value !== null || name === 'committed';
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
