import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emptyAccount } from './ledger.ts';
import { Store } from './store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logcatch-state-'));
  file = join(folder, 'state.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const aside = () => readdirSync(folder).filter((name) => name.startsWith('state.db.damaged-'));
const settled = { dropped: {}, deadLettered: 0 };

/** A state with so many sources, the n-th at position n, closed. */
function filled(sources: number): void {
  const store = new Store(folder);
  const requests = Array.from({ length: sources }, (_, n) => ({
    path: `/logs/${n}-${'x'.repeat(200)}`,
    position: n,
    meta: { ino: String(n) },
  }));
  store.open('app', requests);
  store.setStarted('app');
  store.close();
}

function overwrite(from: number, bytes: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(bytes, 0xee), 0, bytes, from);
  closeSync(handle);
}

describe('a state that cannot be used is set aside, and the choice is said', () => {
  test('not a database: nothing can be read, so everything counts as started and is read from its beginning', () => {
    writeFileSync(file, 'this is not a database, and long enough to be read as one'.repeat(50));
    const store = new Store(folder);
    expect(store.repaired).toMatchObject({ code: 'LC_STATE_CORRUPT' });
    expect(store.repaired!.message).toContain(`set aside as ${join(folder, aside()[0]!)}`);
    expect(store.repaired!.message).toContain('0 positions could be read');
    expect(aside()).toEqual([expect.stringMatching(/^state\.db\.damaged-\d{8}T\d{6}Z$/)]);
    expect(readFileSync(join(folder, aside()[0]!), 'utf8')).toContain('this is not a database');
    expect(store.hasStarted('whatever')).toBe(true);
    store.close();
    // That holds over restarts, for as long as state is kept, and is said once.
    let now = Date.now();
    const again = new Store(folder, { now: () => now });
    expect([again.hasStarted('whatever'), again.repaired]).toEqual([true, undefined]);
    now += 31 * 24 * 3_600_000;
    again.stale();
    expect(again.hasStarted('whatever')).toBe(false);
    again.close();
    const last = new Store(folder);
    expect(last.hasStarted('whatever')).toBe(false);
    last.close();
  });

  test('of another program: that is found out before anything in it changes', () => {
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE users (name TEXT); INSERT INTO users VALUES (1); PRAGMA user_version = 77');
    other.close();
    const before = readFileSync(file);
    new Store(folder).close();
    expect(readFileSync(join(folder, aside()[0]!))).toEqual(before);
    rmSync(file);
    const marked = new DatabaseSync(file);
    marked.exec('CREATE TABLE sources (a TEXT); CREATE TABLE components (b TEXT); PRAGMA application_id = 5');
    marked.close();
    const store = new Store(folder);
    expect(store.repaired!.message).toContain('another program (application_id 5)');
    store.close();
  });

  test('emptied: SQLite would take it for a new one', () => {
    filled(3);
    truncateSync(file);
    const store = new Store(folder);
    expect(store.repaired!.message).toContain('it is empty');
    expect(store.hasStarted('app')).toBe(true);
    store.close();
  });

  test('a page in the middle: what lies before and behind it is read', () => {
    filled(2_000);
    const { size } = statSync(file);
    overwrite(Math.floor(size / 2 / 4096) * 4096, 4096);
    const store = new Store(folder);
    const rows = store.rowsOf('app');
    expect(rows.length).toBeGreaterThan(1_500);
    expect(rows.length).toBeLessThan(2_000);
    for (const { path, position, meta } of rows) {
      expect(path).toMatch(new RegExp(`^/logs/${position}-`));
      expect(meta.ino).toBe(String(position));
    }
    expect(store.repaired!.message).toContain(`${rows.length} positions could be read`);
    expect(store.hasStarted('app')).toBe(true);
    expect(store.hasStarted('other')).toBe(false);
    const [fresh] = store.open('app', [{ path: '/new', meta: {} }]);
    expect(rows.every(({ key }) => key !== fresh!.key)).toBe(true);
    store.close();
  });

  test('a header that does not fit the tables', () => {
    for (const version of [0, 1]) {
      filled(3);
      const database = new DatabaseSync(file);
      database.exec(`PRAGMA user_version = ${version}`);
      database.close();
      const store = new Store(folder);
      expect(store.repaired).toMatchObject({ code: 'LC_STATE_CORRUPT' });
      expect(store.rowsOf('app')).toHaveLength(3);
      store.close();
      rmSync(file);
    }
  });

  test('a history that makes no sense is left out', () => {
    filled(3);
    const database = new DatabaseSync(file);
    database.exec("INSERT INTO ended VALUES ('app', '/a', '{', '[]', 1)");
    database.close();
    const store = new Store(folder);
    expect([store.rowsOf('app').length, store.history('/a')]).toEqual([3, []]);
    store.close();
  });

  test('a row that makes no sense is left out', () => {
    filled(3);
    const database = new DatabaseSync(file);
    database.exec("UPDATE sources SET meta = 'no json' WHERE key = 2");
    database.close();
    const store = new Store(folder);
    expect(store.rowsOf('app').map(({ key }) => key)).toEqual([1, 3]);
    store.close();
  });

  test('one that only looks does not touch it', () => {
    writeFileSync(file, 'no database'.repeat(100));
    expect(() => new Store(folder, { mend: false })).toThrow(expect.objectContaining({ code: 'LC_STATE_CORRUPT' }));
    expect(aside()).toEqual([]);
  });

  test('another agent is using it: it is let alone, whatever its content', () => {
    const first = new Store(folder);
    first.open('app', [{ path: '/a', meta: {} }]);
    overwrite(0, 200);
    expect(() => new Store(folder)).toThrow(expect.objectContaining({ code: 'LC_DATA_DIR_LOCKED' }));
    expect(aside()).toEqual([]);
    first.close();
  });
});

test('damage that shows while it runs: what is in memory goes into a new database, and shipping goes on', () => {
  filled(20_000);
  const store = new Store(folder);
  const repairs: string[] = [];
  store.onRepair = (error) => repairs.push(error.message);
  const id = store.agentId();
  overwrite(4096, statSync(file).size - 4096);
  const rows = store.rowsOf('app');
  for (const row of rows) row.ledger.settle(row.position + 5, settled);
  store.save(rows);
  expect(repairs).toEqual([expect.stringContaining('made of what is in memory')]);
  expect(store.open('app', [{ path: '/new', meta: {} }])[0]!.key).toBe(20_001);
  store.close();
  const again = new Store(folder);
  expect([again.repaired, again.agentId(), again.hasStarted('app'), again.hasStarted('b')]).toEqual([
    undefined,
    id,
    true,
    false,
  ]);
  expect(
    again
      .rowsOf('app')
      .slice(0, 3)
      .map(({ position }) => position),
  ).toEqual([5, 6, 7]);
  expect(again.rowsOf('app')).toHaveLength(20_001);
  again.close();
});

test('damage that shows while the folder takes no new database: tried again, by whoever writes next', () => {
  filled(20_000);
  const store = new Store(folder);
  overwrite(4096, statSync(file).size - 4096);
  const rows = store.rowsOf('app');
  for (const row of rows) row.ledger.settle(row.position + 5, settled);
  const away = `${folder}-away`;
  renameSync(folder, away);
  writeFileSync(folder, '');
  expect(() => store.save(rows)).toThrow();
  expect(() => store.save(rows)).toThrow();
  rmSync(folder);
  renameSync(away, folder);
  store.save(rows);
  store.close();
  const again = new Store(folder);
  expect([again.repaired, again.rowsOf('app').length, again.rowsOf('app')[0]!.position]).toEqual([
    undefined,
    20_000,
    5,
  ]);
  again.close();
});

test('state of version 1 goes on, in place', () => {
  copyFileSync(join(import.meta.dirname, '../fixtures/state-1.db'), file);
  const store = new Store(folder);
  expect(store.repaired).toBeUndefined();
  const rows = store.rowsOf('app');
  expect(rows.map(({ path, position, meta }) => ({ path, position, meta }))).toEqual([
    { path: '/var/log/a.log', position: 1_234, meta: { dev: '1', ino: '2', head: 'ab', head_bytes: 512 } },
    { path: '/var/log/b.log', position: 0, meta: { dev: '1', ino: '3' } },
  ]);
  expect(rows[0]!.ledger.account).toEqual(emptyAccount);
  expect(store.hasStarted('app')).toBe(true);
  expect(store.agentId()).toBe('web1-0a1b2c');
  expect(store.loadGood('collect')).toMatchObject({ at: 5 });
  rows[0]!.ledger.grow(2_000);
  store.save(rows);
  store.close();
  const again = new Store(folder);
  expect(again.rowsOf('app')[0]!.ledger.account).toEqual({ ...emptyAccount, discovered: 766, pending: 766 });
  // Nobody has seen them since long ago, but that is not known of version 1.
  expect(again.stale()).toEqual([]);
  again.close();
});
