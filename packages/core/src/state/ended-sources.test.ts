import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { EndedSources } from './ended-sources.ts';
import { Ledger } from './ledger.ts';
import { SourceRow } from './source-row.ts';
import { migrate } from './state-schema.ts';

test('of very many paths the oldest are summed up, and nothing is lost of the sums', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, '');
  const ended = new EndedSources(10);
  ended.use(database);
  for (let n = 1; n <= 100; n++) {
    const ledger = new Ledger(0);
    ledger.grow(n);
    const component = n % 2 === 0 ? 'even' : 'odd';
    const row = new SourceRow({ key: n, component, path: `/${n}`, ledger, meta: {}, seen: 0 });
    const one = { row, how: 'gone', at: n, position: 0, account: ledger.closed('gone') };
    ended.count(one);
    ended.write([one]);
  }
  const paths = database
    .prepare("SELECT path FROM ended WHERE path <> '' ORDER BY at")
    .all()
    .map(({ path }) => path);
  expect(paths.length).toBeLessThanOrEqual(11);
  expect(paths.at(-1)).toBe('/100');
  expect(ended.of('/1')).toEqual([]);
  expect(ended.of('/100')).toMatchObject([
    { component: 'even', account: { discovered: 100, abandoned: { gone: 100 } } },
  ]);
  const stored = new EndedSources();
  stored.use(database);
  stored.load();
  for (const sums of [ended.sums, stored.sums]) {
    expect(sums.get('even')).toMatchObject({ discovered: 2_550, abandoned: { gone: 2_550 } });
    expect(sums.get('odd')).toMatchObject({ discovered: 2_500 });
  }
  database.close();
});

test('entries of an each that come and go, each with a name of its own, are summed up as one', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, '');
  const ended = new EndedSources(10);
  ended.use(database);
  for (let n = 1; n <= 100; n++) {
    const ledger = new Ledger(0);
    ledger.grow(n);
    const row = new SourceRow({ key: n, component: `app/${n}`, path: `/${n}`, ledger, meta: {}, seen: 0 });
    const one = { row, how: 'gone', at: n, position: 0, account: ledger.closed('gone') };
    ended.count(one);
    ended.write([one]);
    const discovered = [...ended.sums.values()].reduce((all, account) => all + account.discovered, 0);
    expect(discovered).toBe((n * (n + 1)) / 2);
  }
  expect(ended.sums.size).toBeLessThanOrEqual(12);
  expect(database.prepare('SELECT count(*) AS rows FROM ended').get()!.rows).toBeLessThanOrEqual(12);
  database.close();
});
