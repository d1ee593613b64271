import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import plugin from './index.ts';

const { definition } = plugin;

// What every transform promises: order, positions, and that the batch it gets stays as it is.
const subject = { create: () => definition.create(definition.options.parse({}), fakeTransformContext()) };
for (const { name, run } of transformContract(() => subject)) test(name, run);

test('cuts what is longer than the limit', async () => {
  const transform = definition.create(definition.options.parse({ limit: 5 }), fakeTransformContext());
  const cut = (await transform.apply(await memoryBatch(['short', 'longer']))) as Batch;
  assert.deepEqual(
    [...cut].map(({ text }) => text),
    ['short', 'longe...'],
  );
});
