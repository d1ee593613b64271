import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { World } from '../fixtures/memory.ts';

const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
const ofB = lines.map((line) => `b ${line}`);
const wide = `
inputs: { app: { type: memory, streams: [a, b] } }
outputs: { out: { type: wide } }`;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.clean());

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000, interval: 5 });
const written = (id = 'out') => world.written.get(id) ?? [];
const ofA = (id = 'out') => written(id).filter((line) => !line.startsWith('b'));

/** Makes `out` stuck for the source a, until the returned function is called. */
function stick(output = 'out'): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  world.stuck.set(`${output} a`, promise);
  return () => {
    if (world.stuck.get(`${output} a`) === promise) world.stuck.delete(`${output} a`);
    resolve();
  };
}

test('a stuck output keeps nothing of the source in memory, and the others flow on', async () => {
  const free = stick();
  world.add('a', ...lines);
  world.add('b', ...ofB);
  const agent = await world.start(wide);
  const { supervisor } = agent.pipeline.outputs[0]!;
  const sourceA = () => [...agent.pipeline.inputs[0]!.sources].find(({ path }) => path === 'a')!;
  await until(() => expect(written()).toEqual(ofB));
  await until(() => expect(sourceA()).toMatchObject({ unsettled: 0, outstanding: 0, pausedBy: ['output stuck'] }));
  expect(agent.pipeline.outputs[0]!.queued).toBe(0);
  const why = expect.stringMatching(/^LC_OUTPUT_TOPIC_MISSING no such topic\. /);
  expect((await agent.checkpoints.report('a')).sources).toMatchObject([{ stuckIn: [{ output: 'out', why }] }]);
  expect((await agent.checkpoints.report('b')).sources).toMatchObject([{ stuckIn: [] }]);
  expect(supervisor.status).toMatchObject({ state: 'stuck', reason: 'LC_OUTPUT_TOPIC_MISSING no such topic' });
  free();
  await until(() => expect(ofA()).toEqual(lines));
  await until(() => expect(supervisor.status.state).toBe('running'));
  expect(written()).toHaveLength(200);
});

test('what transforms made is taken back with what it was made of', async () => {
  const free = stick();
  world.add('a', ...lines);
  const agent = await world.start(`
inputs: { app: { type: memory, streams: [a] } }
transforms: { up: { type: upper, slow: true } }
outputs: { out: { type: wide, queue: { max_records: 30 } } }`);
  const source = () => [...agent.pipeline.inputs[0]!.sources][0];
  await until(() => expect(source()).toMatchObject({ unsettled: 0, outstanding: 0, pausedBy: ['output stuck'] }));
  expect(agent.pipeline.outputs[0]!.queued).toBe(0);
  free();
  await until(() => expect(written()).toEqual(lines.map((line) => line.toUpperCase())));
});

test('what another output has written is not read again, so that nothing is repeated there', async () => {
  const free = stick();
  world.add('a', ...lines);
  const agent = await world.start(`
inputs: { app: { type: memory, streams: [a] } }
outputs: { out: { type: wide }, other: { type: wide } }`);
  await until(() => expect(written('other')).toEqual(lines));
  await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('stuck'));
  free();
  await until(() => expect(written()).toEqual(lines));
  expect(written('other')).toEqual(lines);
});

test('stuck again and again, everything arrives once and in order', async () => {
  world.add('a', ...lines.slice(0, 50));
  const agent = await world.start(wide);
  await until(() => expect(written()).toHaveLength(50));
  for (let round = 0; round < 5; round++) {
    const free = stick();
    world.add('a', ...lines.slice(50 + round * 10, 60 + round * 10));
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('stuck'));
    free();
    await until(() => expect(written()).toHaveLength(60 + round * 10));
  }
  expect(written()).toEqual(lines);
});

test('an output that is tried again and still stuck was not well meanwhile', async () => {
  const first = stick();
  world.add('a', ...lines);
  const agent = await world.start(wide);
  const { supervisor } = agent.pipeline.outputs[0]!;
  await until(() => expect(supervisor.status.state).toBe('stuck'));
  const states: string[] = [supervisor.status.state];
  agent.pipeline.hooks.status.tap('test', (id, { state }) => void (id === 'out' && states.push(state)));
  const source = [...agent.pipeline.inputs[0]!.sources].find(({ path }) => path === 'a')!;
  const paused = vi.spyOn(source, 'pause');
  const last = stick();
  first();
  await until(() => expect(paused).toHaveBeenCalledWith('output stuck', expect.anything()));
  last();
  await until(() => expect(written()).toEqual(lines));
  await until(() => expect(states).toEqual(['stuck', 'running']));
});

test('--once does not end while an output is stuck', async () => {
  const free = stick();
  world.add('a', ...lines);
  const agent = await world.start(wide, { once: true });
  await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.pausedBy).toEqual(['output stuck']));
  expect(await agent.finished(200)).toBe(false);
  free();
  expect(await agent.finished(20_000)).toBe(true);
  expect(written()).toEqual(lines);
});

test('an output that is not required is never waited for', async () => {
  stick('extra');
  world.add('a', ...lines);
  const agent = await world.start(`${wide.slice(0, -2)}, extra: { type: wide, required: false } }`, { once: true });
  expect(await agent.finished(20_000)).toBe(true);
  expect(written()).toEqual(lines);
});

test('a change of the output frees the sources', async () => {
  stick();
  world.add('a', ...lines);
  const agent = await world.start(wide);
  await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.pausedBy).toEqual(['output stuck']));
  world.stuck.clear();
  world.configure(wide.replace('type: wide', 'type: wide, tag: new'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
  await until(() => expect(written()).toEqual(lines.map((line) => `new${line}`)));
});

describe('what a stuck output waits for may never come, so a source is free when', () => {
  const held = `
inputs: { x: { type: memory, streams: [a] }, y: { type: memory, streams: [b] } }
outputs: { out: { type: wide } }`;

  /** The stream a is stuck for good, as long as nothing about its source changes. */
  async function stuckForGood() {
    stick();
    world.add('a', ...lines);
    const agent = await world.start(held);
    const input = agent.pipeline.inputs.find(({ id }) => id === 'x')!;
    await until(() => expect([...input.sources][0]).toMatchObject({ pausedBy: ['output stuck'], outstanding: 0 }));
    return { agent, output: () => agent.pipeline.outputs[0]!.supervisor.status };
  }

  test('its attributes change', async () => {
    const { agent, output } = await stuckForGood();
    world.stuck.clear();
    world.configure(held.replace('[a]', '[a], attributes: { topic: right }'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { retag: ['x'] } });
    await until(() => expect(written()).toEqual(lines));
    await until(() => expect(output().state).toBe('running'));
  });

  test('its input is removed', async () => {
    const { agent, output } = await stuckForGood();
    world.configure(held.replace('x: { type: memory, streams: [a] }, ', ''));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { remove: ['x'] } });
    await until(() => expect(output().state).toBe('running'));
    world.add('b', ...ofB);
    await until(() => expect(written()).toEqual(ofB));
  });

  test('its input fails: another source takes its place', async () => {
    const { output } = await stuckForGood();
    world.stuck.clear();
    world.broken.add('x');
    await until(() => expect(written()).toEqual(lines));
    await until(() => expect(output().state).toBe('running'));
  });

  test('the output leads its records elsewhere', async () => {
    const { agent, output } = await stuckForGood();
    world.stuck.clear();
    world.configure(
      held
        .replace('wide }', 'wide, inputs: [up] }')
        .replace('outputs:', 'transforms: { up: { type: upper, inputs: [x, y] } }\noutputs:'),
    );
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { add: ['up'] } });
    await until(() => expect(written()).toEqual(lines.map((line) => line.toUpperCase())));
    await until(() => expect(output().state).toBe('running'));
  });
});
