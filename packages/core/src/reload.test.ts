import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { World } from './fixtures/memory.ts';

const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
const upper = lines.map((line) => line.toUpperCase());

const simple = `
inputs: { app: { type: memory, streams: [a] } }
outputs: { out: { type: memory } }
`;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.clean());

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000, interval: 5 });
const written = (id = 'out') => world.written.get(id) ?? [];
const untilWritten = (count: number, id = 'out') =>
  until(() => expect(written(id).length).toBeGreaterThanOrEqual(count));

describe('reload', () => {
  const twoInputs = (extra = '') => `
inputs:
  x: { type: memory, streams: [a]${extra} }
  y: { type: memory, streams: [b] }
outputs: { out: { type: memory } }`;

  test('changed attributes are taken live; nothing is rebuilt', async () => {
    world.add('a', 'one');
    const agent = await world.start(twoInputs(', attributes: { team: "red " }'));
    await untilWritten(1);
    world.configure(twoInputs(', attributes: { team: "blue " }'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { retag: ['x'], change: [] } });
    world.add('a', 'two');
    await untilWritten(2);
    expect(written()).toEqual(['red one', 'blue two']);
    expect(world.created.get('x')).toBe(1);
  });

  test('adds, changes and removes components; the others do not notice', async () => {
    world.add('a', ...lines);
    world.add('b', ...lines);
    const agent = await world.start(twoInputs());
    await untilWritten(200);
    world.configure(`
inputs:
  x: { type: memory, streams: [a], batch: 5 }
  z: { type: memory, streams: [c] }
outputs: { out: { type: memory } }`);
    world.add('c', 'from c');
    const outcome = await agent.reloadFile();
    expect(outcome).toMatchObject({ result: 'applied', plan: { add: ['z'], change: ['x'], remove: ['y'] } });
    world.add('a', 'more of a');
    world.add('b', 'not read');
    await untilWritten(202);
    expect(written().slice(200).sort()).toEqual(['from c', 'more of a']);
    expect(world.created.get('out')).toBe(1);
    world.configure(twoInputs());
    await agent.reloadFile();
    await untilWritten(203);
    expect(written().at(-1)).toBe('not read');
  });

  test('a changed output gets what the old one could not write, exactly once', async () => {
    world.hanging.add('out');
    world.add('a', ...lines);
    const agent = await world.start(`shutdown_timeout: 100ms${simple}`);
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBe(100));
    world.configure(`shutdown_timeout: 100ms${simple.replace('type: memory }', 'type: memory, tag: "new " }')}`);
    const reloading = agent.reloadFile();
    await until(() => expect(world.created.get('out')).toBe(2));
    world.hanging.clear();
    expect(await reloading).toMatchObject({ result: 'applied' });
    await untilWritten(100);
    expect(written()).toEqual(lines.map((line) => `new ${line}`));
    expect(world.created.get('app')).toBe(1);
  });

  test('a changed output with a full queue: what waited for room goes to the new one', async () => {
    world.hanging.add('out');
    world.add('a', ...lines);
    const full = (tag: string) =>
      `shutdown_timeout: 100ms${simple.replace('type: memory }', `type: memory, tag: "${tag}", queue: { max_records: 15 } }`)}`;
    const agent = await world.start(full('old '));
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBeGreaterThan(0));
    world.configure(full('new '));
    const reloading = agent.reloadFile();
    await until(() => expect(world.created.get('out')).toBe(2));
    world.hanging.clear();
    await reloading;
    await untilWritten(100);
    expect(written()).toEqual(lines.map((line) => `new ${line}`));
  });

  test('a transform put in between is used from then on', async () => {
    world.add('a', 'one');
    const agent = await world.start(simple);
    await untilWritten(1);
    world.configure(`${simple}transforms: { up: { type: upper } }`);
    await agent.reloadFile();
    world.add('a', 'two');
    await untilWritten(2);
    expect(written()).toEqual(['one', 'TWO']);
    expect(world.created.get('app')).toBe(1);
  });

  test('a changed output that cannot start is refused where the old one runs well, and taken where that does not run either', async () => {
    const agent = await world.start(simple);
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('running'));
    world.unreachable.add('far');
    world.configure(simple.replace('type: memory }', 'type: memory, tag: far }'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'refused', errors: [{ message: 'cannot connect' }] });
    world.add('a', 'one');
    await untilWritten(1);
    await agent.stop();
    world.unreachable.add('away').add('away too');
    const second = await world.start(simple.replace('type: memory }', 'type: memory, tag: away }'));
    await until(() => expect(second.pipeline.outputs[0]!.supervisor.status.state).toBe('waiting'));
    world.configure(simple.replace('type: memory }', 'type: memory, tag: away too }'));
    expect(await second.reloadFile()).toMatchObject({ result: 'applied' });
  });

  test('an output that never started can be mended: what waited for it goes on', async () => {
    world.unreachable.add('far');
    world.add('a', 'one');
    const agent = await world.start(simple.replace('type: memory }', 'type: memory, tag: far }'));
    await until(() => expect(agent.pipeline.inputs[0]!.supervisor.status.reason).toContain('for output out'));
    world.configure(simple);
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
    await untilWritten(1);
    expect(written()).toEqual(['one']);
  });

  test('a change while an output fails: it writes again when its target heals', async () => {
    world.failing.add('out');
    world.add('a', ...lines);
    const agent = await world.start(`shutdown_timeout: 100ms${simple}`);
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('degraded'));
    world.configure(`shutdown_timeout: 100ms${simple}transforms: { up: { type: upper } }`);
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
    world.failing.clear();
    await untilWritten(100);
    expect(written()).toEqual(upper);
  });

  test('stop during a change waits for it, and starts nothing after', async () => {
    world.hanging.add('out');
    world.add('a', ...lines);
    const agent = await world.start(simple);
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBe(100));
    world.configure(simple.replace('type: memory }', 'type: memory, tag: new }'));
    const reloading = agent.reloadFile();
    await until(() => expect(world.created.get('out')).toBe(2));
    await agent.stop();
    await reloading;
    for (const { supervisor } of agent.pipeline.nodes) expect(supervisor.status.state).toBe('stopped');
  });

  test('an invalid file is refused with its errors, and what ran goes on', async () => {
    world.add('a', 'one');
    const agent = await world.start(simple);
    world.configure(simple.replace('streams', 'steams'));
    expect(await agent.reloadFile()).toMatchObject({
      result: 'refused',
      errors: expect.arrayContaining([expect.objectContaining({ code: 'LC_CONFIG_UNKNOWN_KEY' })]),
    });
    world.add('a', 'two');
    await untilWritten(2);
  });

  test('what cannot change live is refused, saying so', async () => {
    const agent = await world.start(simple);
    world.configure(`name: other${simple}`);
    expect(await agent.reloadFile()).toMatchObject({
      result: 'refused',
      errors: expect.arrayContaining([expect.objectContaining({ code: 'LC_CONFIG_NEEDS_RESTART' })]),
    });
  });
});
