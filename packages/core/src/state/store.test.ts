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
  a!.ledger.settle(42, { dropped: {}, deadLettered: 0 });
  first.save([a!]);
  first.setStarted('app');
  first.close();
  const second = new Store(folder);
  expect(second.rowsOf('app')).toMatchObject([
    { key: 1, component: 'app', path: '/a', position: 42, saved: 42, meta: {} },
  ]);
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

const settled = { dropped: {}, deadLettered: 0 };

test('what is left of sources that ended: by path and input, over a restart, the last few ends', () => {
  let now = 1_000;
  const first = new Store(folder, { now: () => now });
  for (let round = 1; round <= 7; round++) {
    const [row] = first.open('app', [{ path: '/a', meta: {} }]);
    row!.ledger.grow(10);
    row!.ledger.readOn(0, round);
    row!.ledger.settle(round, settled);
    now += 1_000;
    first.writeEnded([first.end(row!, 'truncated')]);
  }
  const [open] = first.open('app', [{ path: '/a', meta: {} }]);
  open!.ledger.readOn(0, 100);
  first.save([open!]);
  const sums = { discovered: 170, delivered: 28, pending: 100, abandoned: { truncated: 42 } };
  expect(first.accounts().get('app')).toMatchObject(sums);
  first.close();
  const second = new Store(folder);
  expect(second.accounts().get('app')).toMatchObject(sums);
  const [history] = second.history('/a');
  expect(history).toMatchObject({ component: 'app', account: { discovered: 70, delivered: 28 } });
  expect(history!.ends.map(({ at, how, position }) => [at, how, position])).toEqual(
    [7, 6, 5, 4, 3].map((round) => [1_000 + round * 1_000, 'truncated', round]),
  );
  expect(second.rowsOf('app')).toHaveLength(1);
  second.close();
});

test('a kill between the end of a source and its way to disk loses nothing of its account', () => {
  const first = new Store(folder);
  const [row] = first.open('app', [{ path: '/a', meta: {} }]);
  row!.ledger.readOn(0, 10);
  first.save([row!]);
  first.end(row!, 'gone');
  expect(first.accounts().get('app')).toMatchObject({ discovered: 10, abandoned: { gone: 10 }, pending: 0 });
  first.close();
  const second = new Store(folder);
  expect(second.accounts().get('app')).toMatchObject({ discovered: 10, pending: 10 });
  second.close();
});

test('sources that nobody has had open for 30 days can be forgotten; what is open never', () => {
  let now = 0;
  const clock = { now: () => now };
  const day = 24 * 3_600_000;
  const first = new Store(folder, clock);
  const [left] = first.open('app', [
    { path: '/left', meta: {} },
    { path: '/open', meta: {} },
  ]);
  left!.open = false;
  now = 31 * day;
  expect(first.stale()).toEqual([left]);
  first.close();
  const second = new Store(folder, clock);
  expect(second.rowsOf('app').map(({ path, seen }) => [path, seen])).toEqual([
    ['/left', 0],
    ['/open', now],
  ]);
  second.close();
});

test('an unusable folder', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => new Store(join(folder, 'file'))).toThrow(
    expect.objectContaining({ code: 'LC_DATA_DIR', hint: expect.stringContaining('data_dir:') }),
  );
});
