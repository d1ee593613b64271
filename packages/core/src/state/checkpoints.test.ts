import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Verdict } from '@logcatch/plugin-api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Agent } from '../agent.ts';
import { World } from '../fixtures/memory.ts';
import { withCheckpoints } from './checkpoint-commands.ts';

// Positions of the memory input count records.
const simple = `
inputs: { app: { type: memory, streams: [a] } }
outputs: { out: { type: memory } }`;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.clean());

const written = () => world.written.get('out') ?? [];
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 50_000, interval: 5 });
const account = (agent: Agent) => agent.accounts().get('app');
const dataDir = () => join(world.folder, '.logcatch/test');

test('of a running agent: what is stored, and where each byte went', async () => {
  world.add('a', 'one', 'bad', 'two');
  const agent = await world.start(simple);
  await until(() =>
    expect(agent.checkpoints.list()).toMatchObject([{ input: 'app', path: 'a', position: 3, open: true }]),
  );
  const report = await agent.checkpoints.report('a');
  expect(report).toMatchObject({
    running: true,
    ended: [],
    sources: [{ position: 3, size: 3, again: 0, pausedBy: [] }],
  });
  const reasons = ['It is one of the streams.'];
  expect(report.inputs).toEqual([{ id: 'app', read: true, reasons, state: 'running', reason: '', hint: '' }]);
  expect(report.account).toMatchObject({ discovered: 3, delivered: 2, deadLettered: 1, pending: 0 });
  expect(agent.checkpoints.list('other')).toEqual([]);
  expect(await agent.checkpoints.report('broken')).toMatchObject({
    inputs: [{ read: false, reasons: ['it cannot say: no idea'] }],
  });
  expect(await agent.checkpoints.report('b')).toMatchObject({
    inputs: [],
    sources: [],
    ended: [],
    account: { discovered: 0 },
    similar: [],
  });
  expect(await agent.checkpoints.report('/elsewhere/a')).toMatchObject({ similar: ['a'] });
  await expect(agent.checkpoints.seek('/elsewhere/a', 0)).rejects.toMatchObject({
    code: 'LC_CHECKPOINT_UNKNOWN',
    hint: expect.stringContaining('Did you mean a?'),
  });
});

test('a seek of a running source: back comes again, ahead is skipped, and it goes on from there', async () => {
  world.add('a', 'one', 'two', 'three');
  const agent = await world.start(simple);
  await until(() => expect(agent.checkpoints.list()[0]!.position).toBe(3));
  expect(await agent.checkpoints.seek('a', 1)).toEqual([{ input: 'app', path: 'a', from: 3, to: 1 }]);
  await until(() => expect(written()).toEqual(['one', 'two', 'three', 'two', 'three']));
  await until(() => expect(account(agent)).toMatchObject({ discovered: 3, delivered: 3, repeated: 2, pending: 0 }));
  await expect(agent.checkpoints.seek('a', 4)).rejects.toMatchObject({ code: 'LC_CHECKPOINT_POSITION' });
  await expect(agent.checkpoints.seek('a', 1.5)).rejects.toMatchObject({ code: 'LC_CHECKPOINT_POSITION' });
  await expect(agent.checkpoints.reset(['b'])).rejects.toMatchObject({ code: 'LC_CHECKPOINT_UNKNOWN' });

  world.failing.add('out');
  world.add('a', 'four', 'five');
  await until(() => expect(account(agent)).toMatchObject({ discovered: 5, pending: 2 }));
  expect(await agent.checkpoints.seek('a', 'end')).toMatchObject([{ from: 3, to: 5 }]);
  // A write that had begun before may still work.
  await setImmediate();
  world.failing.delete('out');
  world.add('a', 'six');
  await until(() => expect(written().at(-1)).toBe('six'));
  expect(written()).not.toContain('four');
  await until(() => expect(account(agent)).toMatchObject({ discovered: 6, delivered: 4, skipped: 2, pending: 0 }));
});

test('a seek leads past a record for which a plugin has stopped its source', async () => {
  const engine = world.engine();
  let verdict: Verdict = 'stop';
  engine.hooks.pipeline.tap('test', ({ hooks }) => hooks.refused.tapPromise('test', async () => verdict));
  world.add('a', 'bad', 'good');
  const agent = await world.start(simple.replace('[a]', '[a], batch: 1'), { engine });
  const [input] = agent.pipeline.inputs;
  await until(() => expect([...input!.sources][0]!.pausedBy).toEqual(['stopped by a plugin']));
  await agent.checkpoints.seek('a', 1);
  await until(() => expect(written()).toContain('good'));
  await until(() => expect(account(agent)).toMatchObject({ skipped: 1, delivered: 1, pending: 0 }));
  verdict = 'drop';
  world.add('a', 'bad');
  await until(() => expect(account(agent)).toMatchObject({ dropped: { 'verdict drop': 1 }, pending: 0 }));
});

test('records that a transform sends nowhere, or only to an output that is not required', async () => {
  world.add('a', 'one', 'two', 'three');
  const agent = await world.start(`
inputs: { app: { type: memory, streams: [a] } }
transforms: { split: { type: split, inputs: [app] } }
outputs:
  out: { type: memory, inputs: [split.even] }
  optional: { type: memory, inputs: [app], required: false }`);
  await until(() =>
    expect(account(agent)).toMatchObject({ delivered: 2, dropped: { 'no required output': 1 }, pending: 0 }),
  );
});

test('of an agent that has stopped: what the last one stored, and the next one goes on from where it was moved', async () => {
  world.add('a', 'one', 'two', 'three');
  const agent = await world.start(simple);
  await until(() => expect(written()).toHaveLength(3));
  await agent.stop();
  await withCheckpoints(dataDir(), async (checkpoints) => {
    expect(await checkpoints.list()).toMatchObject([
      { path: 'a', position: 3, open: false, account: { delivered: 3 } },
    ]);
    expect(await checkpoints.report('a')).toMatchObject({ running: false, account: { delivered: 3 } });
    await expect(checkpoints.reset(['a', 'nobody knows'])).rejects.toMatchObject({ code: 'LC_CHECKPOINT_UNKNOWN' });
    expect(await checkpoints.reset(['a'])).toEqual([{ input: 'app', path: 'a', from: 3, to: 0 }]);
    expect(await checkpoints.seek('a', 2)).toEqual([{ input: 'app', path: 'a', from: 0, to: 2 }]);
  });
  const next = await world.start(simple);
  await until(() => expect(written()).toEqual(['one', 'two', 'three', 'three']));
  await until(() => expect(account(next)).toMatchObject({ discovered: 3, delivered: 3, skipped: 0, repeated: 1 }));
  // Through the socket of the agent that runs now.
  await until(() =>
    withCheckpoints(dataDir(), async (checkpoints) => expect(await checkpoints.list('app')).toHaveLength(1)),
  );
  await withCheckpoints(dataDir(), async (checkpoints) => {
    expect(await checkpoints.report('a')).toMatchObject({ running: true });
    expect(await checkpoints.seek('a', 'beginning')).toMatchObject([{ from: 3, to: 0 }]);
    await expect(checkpoints.seek('a', 9)).rejects.toMatchObject({ code: 'LC_CHECKPOINT_POSITION' });
  });
  await until(() => expect(written()).toHaveLength(7));
});

test('where no agent has been there is nothing', async () => {
  await expect(withCheckpoints(dataDir(), async (checkpoints) => checkpoints.list())).rejects.toMatchObject({
    code: 'LC_AGENT_NOT_RUNNING',
  });
});
