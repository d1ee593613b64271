import { LogcatchError } from '@logcatch/plugin-api';
import { SyncHook } from 'tapable';
import { expect, test } from 'vitest';
import { RecentErrors } from './recent-errors.ts';

test('the last errors, the newest first, each once with how often it came', () => {
  const error = new SyncHook<[LogcatchError]>(['error']);
  let now = 0;
  const status = new SyncHook<[string, object]>(['id', 'status']);
  const recent = new RecentErrors({ error, status } as never, () => now++);
  const failed = (message: string, at?: string) =>
    error.call(new LogcatchError('LC_OUTPUT_FAILED', message, { hint: 'Wait.', ...(at !== undefined && { at }) }));
  failed('away', 'kafka');
  failed('full');
  failed('away', 'kafka');
  expect(recent.list).toEqual([
    { component: 'kafka', code: 'LC_OUTPUT_FAILED', message: 'away', hint: 'Wait.', firstAt: 0, at: 2, times: 2 },
    { code: 'LC_OUTPUT_FAILED', message: 'full', hint: 'Wait.', firstAt: 1, at: 1, times: 1 },
  ]);
  const says = (state: string, reason: string) => status.call('kafka', { state, reason, hint: 'Create it.' });
  says('running', '');
  says('degraded', 'slow');
  says('degraded', 'LC_OUTPUT_FAILED away (/plugins/a.ts:3:4)');
  says('stuck', 'LC_OUTPUT_TOPIC_MISSING no topic (yet)');
  expect(recent.list).toMatchObject([
    { component: 'kafka', code: 'LC_OUTPUT_TOPIC_MISSING', message: 'no topic (yet)', hint: 'Create it.', times: 0 },
    { component: 'kafka', code: 'LC_OUTPUT_FAILED', message: 'away', times: 2 },
    { message: 'full' },
  ]);
  for (let i = 0; i < 100; i++) failed(`${i} ${'x'.repeat(2_000)}`);
  expect(recent.list).toHaveLength(50);
  expect(recent.list[0]!.message).toMatch(/^99 x{997}$/);
});
