import { BufferPool } from '@logcatch/core';
import { batchOf } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import { expect, onTestFinished, test } from 'vitest';
import { failureOf } from './codes.ts';
import { Lanes } from './lanes.ts';
import type { Builder } from './sender.ts';
import type { Slice } from './slice.ts';

const [source] = new MemorySources().open([{ path: '/var/log/a.log', meta: {} }]);
const pool = new BufferPool(1 << 20);
const { signal } = new AbortController();

async function slice(text: string): Promise<Slice> {
  const batch = await batchOf(source!, [text], { start: 0, buffers: pool, signal });
  return { batch, alone: true, written: () => {}, refused: () => {}, returned: () => {} };
}

function lanesOf(send: (partition: number) => Promise<bigint>) {
  const builder = (): Builder<null> => ({ bytes: 1, append: (_batch, _from, to) => to, finish: async () => null });
  const lanes = new Lanes<null>({
    sender: {
      identify: async () => ({ id: '1', epoch: 0 }),
      send: (_topic, partition) => send(partition),
      ready: async () => {},
      forget: () => {},
    },
    encoding: { builder, release: () => {} },
    linger: 60_000,
    batchBytes: 10,
    inFlight: 1,
    troubles: { set: () => {}, clear: () => {} },
    log: { warn: () => {} },
    backoff: () => 1,
    movable: true,
    closed: () => {},
  });
  onTestFinished(() => lanes.close('the end'));
  return lanes;
}

test.each(['sticky', 'random'] as const)('%s goes on with a lane until its record batch is full', async (how) => {
  const lanes = lanesOf(async () => 0n);
  const first = lanes.choose('logs', 50, how);
  first.push(await slice('small'));
  expect(lanes.choose('logs', 50, how)).toBe(first);
  first.push(await slice('and full'));
  const used = new Set(Array.from({ length: 500 }, () => lanes.choose('logs', 50, how).partition));
  expect(used.size).toBeGreaterThan(40);
});

test('sticky takes partitions in turn, and leaves out those that fail while others work', async () => {
  const lanes = lanesOf((partition) => (partition === 1 ? Promise.reject(failureOf(19)) : Promise.resolve(0n)));
  lanes.get('logs', 1).push(await slice('more than ten bytes'));
  await expect.poll(() => lanes.get('logs', 1).failing).toBe(true);
  const chosen = Array.from({ length: 6 }, () => lanes.choose('logs', 3, 'sticky').partition);
  expect([...new Set(chosen)].sort()).toEqual([0, 2]);
  expect(lanes.choose('other', 1, 'sticky').partition).toBe(0);
});
