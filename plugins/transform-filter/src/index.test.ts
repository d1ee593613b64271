import { type Batch, type Condition, TextColumn } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import { describe, expect, test } from 'vitest';
import filter from './index.ts';

const { definition } = filter;
const create = (condition: string) =>
  definition.create(definition.options.parse({ condition }), fakeTransformContext());

describe('contract', () => {
  const subject = { create: () => create('message.contains("a")'), records: ['banana'] };
  for (const { name, run } of transformContract(() => subject)) test(name, run);
});

test('keeps what meets the condition, with order, positions and attributes', async () => {
  const batch = (await memoryBatch(['a 1', 'b', 'a 2'])).withColumn('level', new TextColumn(['warn', 'warn', 'info']));
  const kept = create('message.startsWith("a") && level in ["info", "warn"]').apply(batch) as Batch;
  expect([...kept].map((record) => [record.text, record.offset, record.attribute('level')])).toEqual([
    ['a 1', 0, 'warn'],
    ['a 2', 2, 'info'],
  ]);
});

test('a batch that meets it as a whole is passed on as it is', async () => {
  const batch = await memoryBatch(['a', 'b'], { service: 'shop' });
  expect(create('service == "shop"').apply(batch)).toBe(batch);
  expect(create('has(service) && size(message) == 1').apply(batch)).toBe(batch);
});

test('what is wrong with a condition stands in the message', () => {
  const { error } = definition.options.safeParse({ condition: 'level == "debug' });
  expect(error?.issues[0]?.message).toBe('a quote that is not closed at character 10: level ==  >>> "debug');
  expect((definition.options.parse({ condition: 'true' }) as { condition: Condition }).condition.text).toBe('true');
});
