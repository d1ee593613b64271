import { definePlugin } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lines, Scene, simple, until } from '../fixtures/scene.ts';

const scene = new Scene();
const entries = (names: readonly string[]) => JSON.stringify(names.map((name) => ({ name })));
const running = () =>
  scene.world
    .agent!.pipeline.nodes.map(({ id, component }) =>
      component.kind === 'output' ? JSON.stringify(component.resolved) : id,
    )
    .sort();

const yaml = ({ tag = '', extra = '' } = {}) => `
shutdown_timeout: 200ms
config: { one: { type: remote, key: one }, two: { type: memory, key: two } }
inputs:
  app: { type: memory, each: "\${one}", id: "\${each.name}", streams: ["\${each.name}"] }
  more: { type: memory, each: "\${two}", id: "\${each.name}", streams: ["\${each.name}"] }
  ${extra && `extra: { type: memory, streams: [${extra}] }`}
outputs: { out: { type: memory, tag: "${tag}" } }
`;

test('what was rolled back is left alone by other changes, and by its source seen again', async () => {
  scene.world.put('one', '[]');
  scene.world.put('two', '[]');
  const agent = await scene.world.start(yaml({ extra: 'a' }));
  await until(() => expect(agent.pipeline.inputs[0]!.supervisor.status.state).toBe('running'));
  scene.world.unreachable.add('b');
  scene.world.configure(yaml({ extra: 'b' }));
  expect(await agent.reloadFile()).toMatchObject({ result: 'rolled back' });
  const created = scene.world.created.get('extra');
  scene.world.put('one', entries(['x']));
  await until(() => expect(running()).toContain('app/x'));
  expect(scene.world.created.get('extra')).toBe(created);
  scene.world.unreachable.clear();
  await agent.refresh();
  expect(agent.changes.last).toMatchObject({ result: 'applied', plan: { change: ['extra'] } });
});

test('a changed input has its time to start, however long the change took before', async () => {
  scene.world.add('a', 'line');
  scene.world.hanging.add('out');
  const agent = await scene.world.start(`shutdown_timeout: 200ms${simple}`);
  await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBe(1));
  scene.world.unreachable.add('b');
  scene.world.configure(`shutdown_timeout: 200ms${simple.replace('[a]', '[a, b]')}`);
  expect(await agent.reloadFile()).toMatchObject({ result: 'rolled back' });
});

test('an output that does not come to start does not replace one that would', async () => {
  const agent = await scene.world.start(`shutdown_timeout: 200ms${simple}`);
  await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('running'));
  scene.world.deaf.add('start far');
  scene.world.configure(`shutdown_timeout: 200ms${simple.replace('type: memory }', 'type: memory, tag: far }')}`);
  expect(await agent.reloadFile()).toMatchObject({
    result: 'refused',
    errors: [{ code: 'LC_OUTPUT_UNREACHABLE', message: 'it has not started in time, and the one before it would' }],
  });
});

test('a hook that never answers does not keep the agent from stopping', async () => {
  const engine = scene.world.engine();
  engine.use(
    definePlugin({
      name: 'deaf',
      apply: ({ hooks }) => hooks.beforeReload.tapPromise('deaf', () => new Promise(() => {})),
    }),
  );
  const agent = await scene.world.start(`shutdown_timeout: 200ms${simple}`, { engine });
  scene.world.configure(`shutdown_timeout: 200ms${simple}transforms: { up: { type: upper } }`);
  void agent.reloadFile();
  await until(() => expect(scene.world.created.get('app')).toBe(1));
  await agent.stop();
  expect(scene.world.created.has('up')).toBe(false);
});

test('whoever asks for the file to be read again is told the refusal again', async () => {
  const agent = await scene.world.start(simple);
  scene.world.configure(simple.replace('outputs', 'output'));
  await agent.reloadFile();
  await agent.reloadFile();
  expect(agent.changes.count).toBe(1);
  expect(await agent.refresh()).toMatchObject({ result: 'refused' });
  expect(agent.changes.count).toBe(2);
});

test('the same refusal is told again after it was mended', async () => {
  scene.world.put('one', '[]');
  scene.world.put('two', '[]');
  const agent = await scene.world.start(yaml());
  for (let times = 1; times <= 2; times++) {
    scene.world.put('two', '[{ "nam": "x" }]');
    await until(() => expect(agent.changes.count).toBe(times));
    scene.world.put('two', '[]');
    await until(() => expect(agent.changes.last).toMatchObject({ mended: true }));
  }
});

test('a source that empties itself takes back what was refused before', async () => {
  scene.world.put('one', '[]');
  scene.world.put('two', entries(['x']));
  const agent = await scene.world.start(yaml());
  scene.world.put('two', '[{ "nam": "stale" }]');
  await until(() => expect(agent.configuration.changed).toEqual(['two']));
  scene.world.put('two', ' ');
  await until(() => expect(agent.configuration.sources[1]!.reason).toContain('it is empty'));
  scene.world.configure(yaml().replaceAll('each.name}', 'each.nam:-${each.name:-x}}'));
  await agent.reloadFile();
  expect(running()).toContain('more/x');
});

test('a value that was good once and cannot be used at start keeps nobody else from running', async () => {
  scene.world.put('one', entries(['a', 'b']));
  scene.world.put('two', '[]');
  scene.world.unfit.add('a');
  scene.world.add('b', 'line');
  const agent = await scene.world.start(yaml());
  await scene.untilWritten(1);
  const [unfit] = agent.pipeline.inputs;
  expect(unfit!.supervisor.status).toMatchObject({ state: 'failed', reason: expect.stringContaining('do not fit') });
  scene.world.unfit.clear();
  await until(() => expect(unfit!.supervisor.status.state).toBe('running'));
});

test('a smaller queue holds for inputs that stay', async () => {
  scene.world.add('a', ...lines);
  scene.world.hanging.add('out');
  const queued = (queue: string) => `
shutdown_timeout: 200ms
inputs: { app: { type: memory, streams: [a], batch: 50 } }
outputs: { out: { type: memory${queue} } }`;
  const agent = await scene.world.start(queued(''));
  await until(() => expect(agent.pipeline.outputs[0]!.queued).toBe(100));
  scene.world.configure(queued(', queue: { max_records: 10 }'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { change: ['out'] } });
  await until(() => expect(agent.pipeline.outputs[0]!.queued).toBe(10));
  expect(scene.world.created.get('app')).toBe(1);
});

test('property: whatever came before, file edits and values, faults and healing, what runs is what is valid in the end', {
  timeout: 240_000,
}, async () => {
  const names = fc.subarray(['a', 'b', 'c']);
  const value = fc.oneof(names.map(entries), fc.constantFrom('{ no', '"text"', '[{ "nam": 1 }]', undefined));
  const file = fc.record({ tag: fc.constantFrom('', 'far', 'near'), extra: fc.constantFrom('', 'x', 'y') }).map(yaml);
  const step = fc.oneof(
    fc.record({ put: fc.constantFrom('one', 'two'), value }),
    fc.record({ file: fc.oneof(file, fc.constantFrom('inputs: [', `name: other\n${yaml()}`)) }),
    fc.record({ faults: fc.subarray(['far', 'x', 'a', 'b']) }),
    fc.record({ wait: fc.constantFrom(1, 25) }),
  );
  const end = fc.record({ one: names, two: names, tag: fc.constantFrom('', 'near'), extra: fc.constantFrom('', 'y') });
  scene.world.put('one', '[]');
  scene.world.put('two', '[]');
  const agent = await scene.world.start(yaml());
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), end, async (steps, last) => {
      for (const one of steps) {
        if ('put' in one) scene.world.put(one.put, one.value);
        else if ('file' in one) {
          scene.world.configure(one.file);
          void agent.reloadFile();
        } else if ('faults' in one) {
          scene.world.unreachable.clear();
          for (const fault of one.faults) scene.world.unreachable.add(fault);
        } else await new Promise((resolve) => setTimeout(resolve, one.wait));
      }
      scene.world.unreachable.clear();
      scene.world.put('one', entries(last.one));
      scene.world.put('two', entries(last.two));
      scene.world.configure(yaml(last));
      await agent.refresh();
      await until(() =>
        expect(running()).toEqual(
          [
            ...last.one.map((name) => `app/${name}`),
            ...last.two.map((name) => `more/${name}`),
            ...(last.extra ? ['extra'] : []),
            JSON.stringify({ tag: last.tag }),
          ].sort(),
        ),
      );
      await until(() => {
        for (const { supervisor } of agent.pipeline.nodes) expect(supervisor.status.state).toBe('running');
      });
    }),
    { numRuns: 40 },
  );
});
