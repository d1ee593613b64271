import { LogcatchError } from '@logcatch/plugin-api';
import { SyncHook } from 'tapable';
import { expect, test } from 'vitest';
import { RecentErrors } from './recent-errors.ts';

test('the last errors, the newest first, each once with how often it came', () => {
  const error = new SyncHook<[LogcatchError]>(['error']);
  let now = 0;
  const recent = new RecentErrors({ error } as never, () => now++);
  const failed = (message: string, at?: string) =>
    error.call(new LogcatchError('LC_OUTPUT_FAILED', message, { hint: 'Wait.', ...(at !== undefined && { at }) }));
  failed('away', 'kafka');
  failed('full');
  failed('away', 'kafka');
  expect(recent.list).toEqual([
    { component: 'kafka', code: 'LC_OUTPUT_FAILED', message: 'away', hint: 'Wait.', firstAt: 0, at: 2, times: 2 },
    { code: 'LC_OUTPUT_FAILED', message: 'full', hint: 'Wait.', firstAt: 1, at: 1, times: 1 },
  ]);
  for (let i = 0; i < 100; i++) failed(`${i} ${'x'.repeat(2_000)}`);
  expect(recent.list).toHaveLength(50);
  expect(recent.list[0]!.message).toMatch(/^99 x{997}$/);
});
