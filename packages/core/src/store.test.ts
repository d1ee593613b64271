import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Store } from './store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logcatch-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a start position is on disk as soon as its source is open', () => {
  const store = new Store(folder);
  store.open('app', [
    { path: '/a', position: 7, meta: { inode: 1 } },
    { path: '/b', meta: {} },
  ]);
  const reader = new DatabaseSync(join(folder, 'state.db'), { readOnly: true, open: false });
  store.close();
  reader.open();
  expect(reader.prepare('SELECT path, position FROM sources ORDER BY key').all()).toEqual([
    { path: '/a', position: 7 },
    { path: '/b', position: 0 },
  ]);
  reader.close();
});

test('rows survive, by component, and keys are never used twice', () => {
  const first = new Store(folder);
  const [a] = first.open('app', [{ path: '/a', meta: {} }]);
  first.open('other', [{ path: '/b', meta: {} }]);
  a!.position = 42;
  first.save([a!]);
  first.setStarted('app');
  first.close();
  const second = new Store(folder);
  expect(second.rowsOf('app')).toEqual([{ key: 1, component: 'app', path: '/a', position: 42, saved: 42, meta: {} }]);
  expect(second.hasStarted('app')).toBe(true);
  expect(second.hasStarted('other')).toBe(false);
  expect(second.open('app', [{ path: '/c', meta: {} }])[0]!.key).toBe(3);
  second.close();
});

test('nobody else can read it, also where the folder was there before', () => {
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'state.db'), '', { mode: 0o644 });
  const store = new Store(folder);
  store.open('app', [{ path: '/a', meta: {} }]);
  const modes = readdirSync(folder)
    .filter((name) => name.startsWith('state.db'))
    .map((name) => statSync(join(folder, name)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  store.close();
});

test('an open that fails leaves nothing behind', () => {
  const store = new Store(folder);
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  expect(() =>
    store.open('app', [
      { path: '/a', meta: {} },
      { path: '/b', meta: circular as never },
    ]),
  ).toThrow();
  expect(store.rowsOf('app')).toEqual([]);
  expect(store.open('app', [{ path: '/a', meta: {} }])[0]!.key).toBe(1);
  store.close();
  const again = new Store(folder);
  expect(again.rowsOf('app')).toHaveLength(1);
  again.close();
});

test('a second agent is refused, and let in when the first has gone', () => {
  const first = new Store(folder);
  expect(() => new Store(folder)).toThrow(expect.objectContaining({ code: 'LC_DATA_DIR_LOCKED' }));
  first.close();
  new Store(folder).close();
});

test('a newer state is refused', () => {
  new Store(folder).close();
  const database = new DatabaseSync(join(folder, 'state.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  expect(() => new Store(folder)).toThrow(expect.objectContaining({ code: 'LC_STATE_NEWER' }));
});

test('a damaged database and an unusable folder are told apart', () => {
  writeFileSync(join(folder, 'state.db'), 'this is not a database, and long enough to be read as one'.repeat(50));
  expect(() => new Store(folder)).toThrow(expect.objectContaining({ code: 'LC_STATE_CORRUPT' }));
  writeFileSync(join(folder, 'file'), '');
  expect(() => new Store(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'LC_DATA_DIR' }));
});
