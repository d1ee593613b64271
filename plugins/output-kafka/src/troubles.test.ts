import { describe, expect, test } from 'vitest';
import { failureOf } from './codes.ts';
import { SendFailure } from './failure.ts';
import { describe as describeTroubles, Troubles } from './troubles.ts';

describe('troubles', () => {
  test('are told once per cause, with whom they concern', () => {
    const away = new SendFailure('LC_OUTPUT_UNREACHABLE', 'cannot reach a:1');
    const names = ['logs-3', 'logs-1', 'logs-2', 'logs-0'];
    const since = new Date('2026-03-01T10:00:00.123Z');
    expect(describeTroubles(new Map(names.map((name) => [name, { failure: away, since }])))).toBe(
      'LC_OUTPUT_UNREACHABLE cannot reach a:1 (waiting since 2026-03-01T10:00:00Z: logs-0, logs-1, logs-2 and 1 more)',
    );
    expect(describeTroubles(new Map())).toBeNull();
  });

  test('are told with what to do, that of their code where they have none of their own', async () => {
    const told: unknown[] = [];
    const troubles = new Troubles({ degraded: (...news) => told.push(news) });
    troubles.set('a-0', new SendFailure('LC_OUTPUT_UNREACHABLE', 'no answer'));
    troubles.set('a-1', new SendFailure('LC_OUTPUT_FAILED', 'no', { hint: 'Wait.' }));
    await expect
      .poll(() => told)
      .toEqual([[expect.stringContaining('no answer'), 'Check address, network and server; it is tried again. Wait.']]);
    troubles.close();
  });

  test('are gathered, and taken back when over', async () => {
    const told: (string | null)[] = [];
    const troubles = new Troubles({ degraded: (reason) => told.push(reason) });
    for (const name of ['a-0', 'a-1']) troubles.set(name, failureOf(19));
    await expect.poll(() => told.length).toBe(1);
    for (const name of ['a-0', 'a-1']) troubles.clear(name);
    await expect.poll(() => told).toEqual([expect.stringContaining('a-0, a-1'), null]);
    troubles.close();
  });
});
