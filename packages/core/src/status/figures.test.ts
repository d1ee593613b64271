import { defineOutput, LogcatchError, z } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { Scene, until } from '../fixtures/scene.ts';
import { type AgentStatus, type ComponentStatus, statusOf } from './agent-status.ts';

const scene = new Scene();
const file = `
inputs: { app: { type: memory, streams: [a] } }
transforms: { upper: { type: upper } }
outputs: { out: { type: memory } }
`;

const component = (id: string): ComponentStatus =>
  (statusOf(scene.world.agent!) satisfies AgentStatus).components.find((one) => one.id === id)!;
const settled = () => component('app').input!.settling.counts.reduce((sum, count) => sum + count, 0);

test('records and bytes, in and out of each component, also after a reload', async () => {
  scene.world.add('a', 'one', 'three', 'BAD');
  const agent = await scene.world.start(file);
  await until(() => expect(settled()).toBe(1));
  // Positions of the memory input are records.
  expect(component('app')).toMatchObject({ in: { records: 3, bytes: 3 }, out: { records: 3, bytes: 11 } });
  expect(component('upper')).toMatchObject({ in: { records: 3, bytes: 11 }, out: { records: 3, bytes: 11 } });
  expect(component('out')).toMatchObject({ in: { records: 3, bytes: 11 }, out: { records: 2, bytes: 8 } });
  expect(component('out').output!.refused).toEqual({ retry: 0, 'dead-letter': 1, drop: 0, stop: 0 });

  scene.world.configure(file.replace('upper }', 'upper, tag: x }').replace('memory }', 'memory, tag: x }'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
  scene.world.add('a', 'four');
  await until(() => expect(settled()).toBe(2));
  expect(component('app').out.records).toBe(4);
  expect(component('upper').out.records).toBe(4);
  expect(component('out').out.records).toBe(3);
});

test('errors by their code, retries and restarts', async () => {
  scene.world.throwAt = 'one';
  scene.world.failing.add('out');
  scene.world.add('a', 'one');
  await scene.world.start(file);
  await until(() => expect(component('out').output!.retries).toBeGreaterThan(1));
  expect(component('upper')).toMatchObject({ restarts: 1, errors: { LC_PLUGIN_THREW: 1 } });
  expect(component('out').errors.LC_PLUGIN_THREW).toBeGreaterThan(1);
  expect(component('out')).toMatchObject({ in: { records: 1 }, out: { records: 0 } });
  scene.world.failing.clear();
  await until(() => expect(component('out').out.records).toBe(1));
});

test('what an output sends again by itself is counted with what the engine tries again', async () => {
  const engine = scene.world.engine();
  const patient = defineOutput({
    type: 'patient',
    description: '',
    options: z.strictObject({}),
    create: (_, context) => ({
      start: async () => {},
      write: async () => context.retried(),
      stop: async () => {},
    }),
  });
  engine.use(patient);
  scene.world.add('a', 'one');
  await scene.world.start(file.replace(/memory \} \}\n$/, 'patient } }\n'), { engine });
  await until(() => expect(component('out')).toMatchObject({ out: { records: 1 }, output: { retries: 1 } }));
});

test('what an output that is not required has dropped, also after a reload', async () => {
  const optional = file.replace(/memory \} \}\n$/, 'memory }, extra: { type: memory, required: false } }\n');
  scene.world.failing.add('extra');
  scene.world.add('a', 'one');
  const agent = await scene.world.start(optional);
  await until(() => expect(component('extra').output!.dropped).toBe(1));
  scene.world.configure(optional.replace('required', 'tag: x, required'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
  expect(component('extra').output!.dropped).toBe(1);
});

test('how old the oldest byte is that has not settled, and the buffers it holds', async () => {
  const before = Date.now();
  scene.world.hanging.add('out');
  scene.world.add('a', 'one');
  await scene.world.start(file);
  await until(() => expect(component('out').output!.queued).toBe(1));
  const { oldestAt, sources } = component('app').input!;
  expect(oldestAt).toBeGreaterThanOrEqual(before);
  expect(sources).toMatchObject([{ lag: 1, oldestAt }]);
  const { buffers } = statusOf(scene.world.agent!);
  expect(buffers.used).toBeGreaterThan(0);
  expect(buffers.used).toBeLessThan(buffers.budget);
});

test('changes of the configuration by how they ended', async () => {
  const agent = await scene.world.start(file);
  scene.world.configure(file.replace('upper }', 'upper, tag: x }'));
  await agent.reloadFile();
  scene.world.configure('inputs: [');
  await agent.reloadFile();
  expect(statusOf(agent).configuration.results).toEqual({ applied: 1, refused: 1, 'rolled back': 0 });
});

test('errors of a change that did not take effect are counted where they can be seen', async () => {
  const errors = () => {
    const { errors, components } = statusOf(scene.world.agent!);
    return Object.fromEntries([['', errors], ...components.map((one) => [one.id, one.errors])]);
  };
  const agent = await scene.world.start(file);
  scene.world.configure(file.replace('type: upper', 'type: uper'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
  expect(errors()).toEqual({ '': { LC_CONFIG_UNKNOWN_TYPE: 1 }, app: {}, upper: {}, out: {} });

  scene.world.unreachable.add('far');
  scene.world.configure(
    file.replace('app: { type: memory, streams: [a] }', 'app: { type: memory, streams: [a, far] }'),
  );
  expect(await agent.reloadFile()).toMatchObject({ result: 'rolled back' });
  expect(errors()).toMatchObject({ '': { LC_CONFIG_UNKNOWN_TYPE: 1 }, app: { LC_PLUGIN_THREW: 1 } });

  // What it names is gone: it concerns nobody that runs.
  agent.pipeline.hooks.error.call(new LogcatchError('LC_PLUGIN_THREW', 'too late', { at: 'gone' }));
  expect(errors()['']).toMatchObject({ LC_PLUGIN_THREW: 1 });
});
