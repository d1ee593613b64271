import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Checkpointer } from './checkpointer.ts';
import { Store } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'logcatch-checkpointer-'));
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
