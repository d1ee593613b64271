import { expect, test, vi } from 'vitest';
import { Log } from '../log.ts';
import type { Node } from './node.ts';
import { Supervisor } from './supervisor.ts';
import { Watchdog } from './watchdog.ts';

test('a component that neither progresses nor fails is shown, until it goes on', () => {
  vi.useFakeTimers();
  const log = new Log({ level: 'error', format: 'json', colors: false, write: () => {} });
  const supervisor = new Supervisor('out', log, () => {});
  supervisor.move('running');
  const node = { busySince: Date.now() as number | undefined, supervisor };
  const watchdog = new Watchdog(() => [node as Node]);
  vi.advanceTimersByTime(60_000);
  expect(supervisor.status.state).toBe('running');
  vi.advanceTimersByTime(10_000);
  expect(supervisor.status).toMatchObject({ state: 'degraded', reason: expect.stringContaining('60 s') });
  node.busySince = Date.now();
  vi.advanceTimersByTime(5_000);
  expect(supervisor.status.state).toBe('running');
  node.busySince = undefined;
  vi.advanceTimersByTime(600_000);
  expect(supervisor.status.state).toBe('running');
  watchdog.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
