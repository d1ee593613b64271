import { DictionaryColumn, Template } from '@logcatch/plugin-api';
import { fakeTransformContext, MemoryLog, memoryBatch, transformContract } from '@logcatch/testing';
import { array, assert, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Buckets } from './buckets.ts';
import rateLimit from './index.ts';
import { RateLimit, type RateLimitOptions } from './rate-limit.ts';

const { definition } = rateLimit;

describe('contract', () => {
  const create = () => definition.create(definition.options.parse({ limit: 3 }), fakeTransformContext());
  for (const { name, run } of transformContract(() => ({ create }))) test(name, run);
});

function limited(options: Partial<RateLimitOptions>) {
  const clock = { now: 0 };
  const log = new MemoryLog();
  const transform = new RateLimit({ limit: 2, window: 1000, ...options }, log, () => clock.now);
  return { clock, log, transform };
}

test('lets the limit through, and more as time goes by', async () => {
  const { clock, transform } = limited({});
  const batch = await memoryBatch(['a', 'b', 'c', 'd']);
  const passed = () => [...transform.apply(batch)].map(({ text }) => text).join('');
  expect(passed()).toBe('ab');
  expect(passed()).toBe('');
  clock.now += 500;
  expect(passed()).toBe('a');
  clock.now += 60_000;
  expect(passed()).toBe('ab');
});

test('each key has its limit; what has none shares one; what is excluded is not counted', async () => {
  const exclude = definition.options.parse({ limit: 1, exclude: 'message == "error"' }).exclude;
  const { transform } = limited({ limit: 1, key: Template.parse('{{ user }}'), exclude });
  const values = ['1', '2', '3', 'error', '5', '6'];
  const users = ['ann', 'bob', 'ann', 'ann', undefined, undefined];
  const batch = (await memoryBatch(values)).withColumn(
    'user',
    DictionaryColumn.from(6, (i) => users[i]),
  );
  expect([...transform.apply(batch)].map(({ text }) => text)).toEqual(['1', '2', 'error', '5']);
});

test('says how many it dropped: at once, then once a minute, and when it stops', async () => {
  const { clock, log, transform } = limited({});
  const batch = await memoryBatch(['a', 'b', 'c', 'd']);
  transform.apply(batch);
  transform.apply(batch);
  expect(log.lines.length).toBe(1);
  clock.now += 60_000;
  transform.apply(batch);
  expect(log.lines.length).toBe(2);
  await transform.stop();
  await transform.stop();
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
});

test('property: in no time does a key get more than the limit and what flows in', () => {
  const takes = array(record({ key: integer({ min: 0, max: 3 }), wait: integer({ min: 0, max: 700 }) }));
  assert(
    property(takes, integer({ min: 1, max: 5 }), (steps, limit) => {
      const buckets = new Buckets(limit, 1000, 100);
      const taken: { key: number; at: number }[] = [];
      let now = 0;
      for (const { key, wait } of steps) {
        now += wait;
        if (buckets.take(String(key), now)) taken.push({ key, at: now });
      }
      for (const { key, at } of taken) {
        const within = taken.filter((other) => other.key === key && other.at >= at && other.at <= at + 1000);
        expect(within.length).toBeLessThanOrEqual(2 * limit);
      }
    }),
  );
});

test('remembers no more keys than it may', () => {
  const buckets = new Buckets(1, 1000, 2);
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map((key) => buckets.take(key, 0))).toEqual([
    true,
    true,
    false,
    true,
    false,
    true,
  ]);
});
