import { LogcatchError } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { Scene, simple, until } from '../fixtures/scene.ts';

const scene = new Scene();
const recoveries = () => scene.world.logged.filter((line) => line.includes('runs well again'));
const output = () => scene.world.agent!.pipeline.outputs[0]!.supervisor.status;

test('what was stuck and is stopped has not recovered', async () => {
  scene.world.stuck.set('out a', new Promise(() => {}));
  scene.world.add('a', 'one');
  const agent = await scene.world.start(
    simple.replace('outputs: { out: { type: memory', 'outputs: { out: { type: wide'),
  );
  await until(() => expect(output().state).toBe('stuck'));
  await agent.stop();
  expect(recoveries()).toEqual([]);
});

test('a transform that is started anew and throws again has not recovered before it does not throw', async () => {
  scene.world.failing.add('bad');
  scene.world.add('a', 'one');
  await scene.world.start(`${simple}transforms: { up: { type: upper, tag: bad } }`);
  await until(() => expect(scene.world.created.get('up')).toBeGreaterThan(2));
  expect(recoveries()).toEqual([]);
  scene.world.failing.clear();
  await scene.untilWritten(1);
  expect(recoveries()).toHaveLength(1);
});

test('an output that fails says it once when a write has worked', async () => {
  scene.world.failing.add('out');
  scene.world.add('a', 'one');
  await scene.world.start(simple);
  await until(() => expect(output().state).toBe('degraded'));
  expect(recoveries()).toEqual([]);
  scene.world.failing.clear();
  await scene.untilWritten(1);
  await until(() => expect(recoveries()).toHaveLength(1));
});

test('one that takes the place of another that could not start says that it did', async () => {
  const to = (tag: string) => simple.replace('out: { type: memory', `out: { type: memory, tag: ${tag}`);
  scene.world.unreachable.add('far');
  const agent = await scene.world.start(to('far'));
  await until(() => expect(output().state).toBe('waiting'));
  scene.world.configure(to('near'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
  await until(() => expect(recoveries()).toHaveLength(1));
});

test('one that nothing waits for runs well again when a write has worked', async () => {
  scene.world.failure = new LogcatchError('LC_OUTPUT_FAILED', 'by design');
  scene.world.failing.add('out');
  scene.world.add('a', 'lost');
  const agent = await scene.world.start(simple.replace('type: memory }', 'type: memory, required: false }'));
  await until(() => expect(output().state).toBe('degraded'));
  scene.world.failing.clear();
  await until(() => {
    scene.world.add('a', 'more');
    expect(agent.pipeline.outputs[0]!.counters.out.records).toBeGreaterThan(0);
  });
  await until(() => expect(output().state).toBe('running'));
  expect(recoveries()).toHaveLength(1);
});

test.each(['LC_OUTPUT_UNREACHABLE', 'LC_OUTPUT_FAILED'] as const)(
  'one that throws %s where a plugin has records written again is degraded until that has worked',
  async (code) => {
    const { world } = scene;
    const agent = await world.start(simple);
    const states: string[] = [];
    agent.pipeline.hooks.status.tap('states', (_, { state }) => void states.push(state));
    agent.pipeline.hooks.refused.tapPromise('again', async () => {
      world.failing.add('out');
      return 'retry';
    });
    world.failure = new LogcatchError(code, 'the server is away');
    world.refusing = true;
    world.add('a', 'one');
    await until(() => expect(agent.pipeline.outputs[0]!.counters.errors[code]).toBeGreaterThan(2));
    expect(states).toEqual(['degraded']);
    world.refusing = false;
    world.failing.clear();
    await scene.untilWritten(1);
    await until(() => expect(output().state).toBe('running'));
    expect(recoveries()).toHaveLength(1);
  },
);
