import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Checkpointer } from './checkpointer.ts';
import { Store } from './store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logcatch-checkpointer-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test('what nobody has had open for 30 days is forgotten, once inputs have had time to find it again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const day = 24 * 3_600_000;
  let now = 0;
  const store = new Store(folder, { now: () => now });
  const [left, open] = store.open('app', [
    { path: '/left', meta: {} },
    { path: '/open', meta: {} },
  ]);
  left!.ledger.grow(10);
  left!.open = false;
  const checkpointer = new Checkpointer(store, { checkpointed: () => {}, trouble: () => {} });
  now = 31 * day;
  vi.advanceTimersByTime(3_500_000);
  expect(store.rowsOf('app')).toEqual([left, open]);
  vi.advanceTimersByTime(200_000);
  await checkpointer.flush();
  checkpointer.close();
  store.close();
  const again = new Store(folder);
  expect(again.rowsOf('app')).toMatchObject([{ path: '/open', seen: now }]);
  expect(again.history('/left')).toMatchObject([
    { ends: [{ how: 'forgotten' }], account: { abandoned: { forgotten: 10 } } },
  ]);
  again.close();
});

test('where that cannot be looked for, it is in trouble until it could: that nothing else is to be written is no sign', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const store = new Store(folder);
  const checkpointer = new Checkpointer(store, { checkpointed: () => {}, trouble: () => {} });
  const full = vi.spyOn(store, 'stale').mockImplementation(() => {
    throw new Error('database or disk is full');
  });
  vi.advanceTimersByTime(3_600_000);
  for (let times = 0; times < 2; times++) {
    await checkpointer.flush();
    expect(checkpointer.trouble).toMatchObject({ reason: expect.stringContaining('disk is full') });
  }
  full.mockRestore();
  // By itself: nothing else may ever come to be written.
  await vi.waitFor(() => expect(checkpointer.trouble).toBeUndefined(), { timeout: 50_000, interval: 5 });
  checkpointer.close();
  store.close();
});
