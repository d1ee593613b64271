import type { DatabaseSync } from 'node:sqlite';
import { LogcatchError } from '@logcatch/plugin-api';

/** What `PRAGMA application_id` of a state database says: `logc`. Version 1 had none. */
const applicationId = 0x6c6f6763;
const version = 3;

const tables = `
  CREATE TABLE components (id TEXT PRIMARY KEY) STRICT;
  CREATE TABLE sources (
    key INTEGER PRIMARY KEY, component TEXT NOT NULL, path TEXT NOT NULL, position INTEGER NOT NULL, meta TEXT NOT NULL
  ) STRICT;
  CREATE TABLE good_values (name TEXT PRIMARY KEY, loaded TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE TABLE agent (id TEXT PRIMARY KEY) STRICT;`;

/** From the version before each: the first one makes version 1. */
const migrations = [
  tables,
  `
  ALTER TABLE sources ADD COLUMN ledger TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE sources ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
  UPDATE sources SET seen = unixepoch() * 1000;
  CREATE TABLE ended (
    component TEXT NOT NULL, path TEXT NOT NULL, account TEXT NOT NULL, ends TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (component, path)
  ) STRICT;
  CREATE TABLE lost (at INTEGER NOT NULL) STRICT;`,
  `
  ALTER TABLE sources ADD COLUMN uid TEXT NOT NULL DEFAULT '';
  ALTER TABLE sources ADD COLUMN committed INTEGER;`,
];

/** Why a database is none of ours; `undefined` when it is one, or empty. Changes nothing. @throws what SQLite says of one that is damaged */
export function foreign(database: DatabaseSync): string | undefined {
  const id = pragma(database, 'application_id');
  if (id === applicationId) return undefined;
  if (id !== 0) return `it belongs to another program (application_id ${id})`;
  const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const known = new Set(names.map(({ name }) => String(name)));
  const ours = known.size === 0 || (known.has('sources') && known.has('components'));
  return ours ? undefined : 'it belongs to another program';
}

/** Brings a database to this version, in place. @throws LC_STATE_NEWER */
export function migrate(database: DatabaseSync, dataDir: string): void {
  const found = pragma(database, 'user_version');
  if (found > version) {
    throw new LogcatchError(
      'LC_STATE_NEWER',
      `${dataDir} has state of version ${found}, this logcatch knows ${version}`,
    );
  }
  // Takes the lock, too, where there is nothing to do.
  database.exec(`
    BEGIN IMMEDIATE;
    ${migrations.slice(found).join('')}
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${version};
    COMMIT`);
}

/** What is wrong inside of a database of ours; `undefined` when nothing is. @throws what SQLite says of one that is damaged */
export function fault(database: DatabaseSync): string | undefined {
  const [first] = Object.values(database.prepare('PRAGMA quick_check(1)').get()!);
  if (first !== 'ok') return String(first);
  const bad = database.prepare(senseless).get();
  return bad && `${bad.row} makes no sense`;
}

const senseless = `
  SELECT 'source ' || key AS row FROM sources
    WHERE position < 0 OR NOT json_valid(meta) OR NOT json_valid(ledger)
  UNION ALL SELECT 'the history of ' || path FROM ended WHERE NOT json_valid(account) OR NOT json_valid(ends)
  UNION ALL SELECT 'the value of ' || name FROM good_values WHERE NOT json_valid(loaded)
  LIMIT 1`;

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()![name]);
}
