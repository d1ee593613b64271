import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Checkpointer } from '../state/checkpointer.ts';
import { Store } from '../state/store.ts';
import { InputSources } from './sources.ts';

function openStore() {
  const folder = mkdtempSync(join(tmpdir(), 'sources-'));
  const store = new Store(folder);
  onTestFinished(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

const environmentOf = (store: Store) => ({
  store,
  checkpointer: { changed() {} } as unknown as Checkpointer,
  host: 'h',
  progressed: () => {},
  discovered: () => {},
  passed: () => {},
  abandoned: () => {},
});

test('attributes of a source: the user wins over the input, what is built in over both, also after a change', () => {
  const sources = new InputSources('app', { topic: 't', service: 'mine' }, environmentOf(openStore()), {
    committing: undefined,
    pause: () => {},
    resume: () => {},
    rewind: () => {},
  });
  const [source] = sources.open([
    { path: '/v/web/a.log', meta: {}, attributes: { service: 'web', zone: 'z', name: 'x' } },
  ]);
  const builtIn = { path: '/v/web/a.log', name: 'a.log', input: 'app', host: 'h' };
  expect(source!.attributes).toEqual({ ...builtIn, topic: 't', service: 'mine', zone: 'z' });
  sources.retag({ topic: 'u' });
  expect(source!.attributes).toEqual({ ...builtIn, topic: 'u', service: 'web', zone: 'z' });
});

test('a source of an instance that has gone moves nothing of the one that took its place', () => {
  const told: string[] = [];
  const flow = {
    committing: undefined,
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
    rewind: () => told.push('rewind'),
  };
  const store = openStore();
  const sources = new InputSources('app', {}, environmentOf(store), flow);
  const [old] = sources.open([{ path: '/a', meta: {} }]);
  old!.pause('output stuck');
  sources.reset();
  const [now] = sources.open([{ key: old!.key, path: '/b', meta: {} }]);
  now!.row.ledger.settle(42, { dropped: {}, deadLettered: 0 });
  store.save([now!.row]);
  old!.resume('output stuck');
  expect(told).toEqual(['pause']);
  store.save([old!.row]);
  expect(store.rowsOf('app')).toMatchObject([{ position: 42, saved: 42 }]);
  expect(now!.currentPath).toBe('/b');
});

test('where positions to start from cannot be stored, that is said and nothing has changed', () => {
  const store = openStore();
  const flow = { committing: undefined, pause: () => {}, resume: () => {}, rewind: () => {} };
  const sources = new InputSources('app', {}, environmentOf(store), flow);
  vi.spyOn(store, 'open').mockImplementation(() => {
    throw new Error('database or disk is full');
  });
  expect(() => sources.open([{ path: '/a', meta: {} }])).toThrow(
    expect.objectContaining({
      code: 'LC_STATE_WRITE',
      message: 'positions to start from cannot be stored: database or disk is full',
    }),
  );
  expect([...sources]).toEqual([]);
});
