import type { Batch } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import { describe, expect, test } from 'vitest';
import route from './index.ts';

const { definition } = route;
const routes = { errors: 'message.contains("error")', slow: 'message.contains("slow")' };
const create = () => definition.create(definition.options.parse({ routes }), fakeTransformContext());

describe('contract', () => {
  const subject = { create, exits: ['errors', 'slow', 'unmatched'], records: ['an error', 'slow', 'slow error'] };
  for (const { name, run } of transformContract(() => subject)) test(name, run);
});

async function leaving(values: string[]): Promise<Record<string, [string, number][]>> {
  const out = create().apply(await memoryBatch(values)) as Record<string, Batch>;
  return Object.fromEntries(
    Object.entries(out).map(([exit, batch]) => [exit, [...batch].map(({ text, offset }) => [text, offset])]),
  );
}

test('a record leaves by the first exit whose condition it meets', async () => {
  expect(await leaving(['a', 'slow error', 'slow', 'error', 'b'])).toEqual({
    errors: [
      ['slow error', 1],
      ['error', 3],
    ],
    slow: [['slow', 2]],
    unmatched: [
      ['a', 0],
      ['b', 4],
    ],
  });
});

test('a batch that goes one way is passed on as it is', async () => {
  const batch = await memoryBatch(['x', 'y']);
  expect(create().apply(batch)).toEqual({ unmatched: batch });
});

test('its exits are those of the options', () => {
  expect(definition.exits!(definition.options.parse({ routes }))).toEqual(['errors', 'slow', 'unmatched']);
  expect(definition.options.safeParse({ routes: { unmatched: 'true' } }).error?.issues[0]?.message).toContain(
    '"unmatched"',
  );
  expect(definition.options.safeParse({ routes: {} }).success).toBe(false);
});
