import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { lines, Scene, simple, until, upper } from '../fixtures/scene.ts';

const scene = new Scene();

describe('reload', () => {
  const twoInputs = (extra = '') => `
inputs:
  x: { type: memory, streams: [a]${extra} }
  y: { type: memory, streams: [b] }
outputs: { out: { type: memory } }`;

  test('changed attributes are taken live; nothing is rebuilt', async () => {
    scene.world.add('a', 'one');
    const agent = await scene.world.start(twoInputs(', attributes: { team: "red " }'));
    await scene.untilWritten(1);
    scene.world.configure(twoInputs(', attributes: { team: "blue " }'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { retag: ['x'], change: [] } });
    scene.world.add('a', 'two');
    await scene.untilWritten(2);
    expect(scene.written()).toEqual(['red one', 'blue two']);
    expect(scene.world.created.get('x')).toBe(1);
  });

  test('adds, changes and removes components; the others do not notice', async () => {
    scene.world.add('a', ...lines);
    scene.world.add('b', ...lines);
    const agent = await scene.world.start(twoInputs());
    await scene.untilWritten(200);
    scene.world.configure(`
inputs:
  x: { type: memory, streams: [a], batch: 5 }
  z: { type: memory, streams: [c] }
outputs: { out: { type: memory } }`);
    scene.world.add('c', 'from c');
    const outcome = await agent.reloadFile();
    expect(outcome).toMatchObject({ result: 'applied', plan: { add: ['z'], change: ['x'], remove: ['y'] } });
    scene.world.add('a', 'more of a');
    scene.world.add('b', 'not read');
    await scene.untilWritten(202);
    expect(scene.written().slice(200).sort()).toEqual(['from c', 'more of a']);
    expect(scene.world.created.get('out')).toBe(1);
    scene.world.configure(twoInputs());
    await agent.reloadFile();
    await scene.untilWritten(203);
    expect(scene.written().at(-1)).toBe('not read');
  });

  test('an input that is removed is let go of, though its positions are kept', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    scene.world.add('a', 'one');
    scene.world.add('b', 'two');
    const agent = await scene.world.start(twoInputs());
    await scene.untilWritten(2);
    const removed = new WeakRef(agent.pipeline.inputs.find(({ id }) => id === 'y')!);
    scene.world.configure(twoInputs().replace(/.*y:.*/, ''));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { remove: ['y'] } });
    // What it has read last is let go of with the next batch.
    scene.world.add('a', 'three');
    await scene.untilWritten(3);
    await until(() => {
      collectGarbage();
      expect(removed.deref()).toBeUndefined();
    });
  });

  test('an input with another id reads its files again, and that is said', async () => {
    scene.world.add('b', 'one');
    const agent = await scene.world.start(twoInputs());
    await scene.untilWritten(1);
    scene.world.configure(twoInputs().replace('y:', 'new:'));
    await agent.reloadFile();
    await scene.untilWritten(2);
    expect(scene.world.logged.join('\n')).toMatch(/"warn","component":"new","message":"does not go on where y stands/);
  });

  test('a changed output gets what the old one could not write, exactly once', async () => {
    scene.world.hanging.add('out');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(`shutdown_timeout: 100ms${simple}`);
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBe(100));
    scene.world.configure(`shutdown_timeout: 100ms${simple.replace('type: memory }', 'type: memory, tag: "new " }')}`);
    const reloading = agent.reloadFile();
    await until(() => expect(scene.world.created.get('out')).toBe(2));
    scene.world.hanging.clear();
    expect(await reloading).toMatchObject({ result: 'applied' });
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(lines.map((line) => `new ${line}`));
    expect(scene.world.created.get('app')).toBe(1);
  });

  test('a changed output with a full queue: what waited for room goes to the new one', async () => {
    scene.world.hanging.add('out');
    scene.world.add('a', ...lines);
    const full = (tag: string) =>
      `shutdown_timeout: 100ms${simple.replace('type: memory }', `type: memory, tag: "${tag}", queue: { max_records: 15 } }`)}`;
    const agent = await scene.world.start(full('old '));
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBeGreaterThan(0));
    scene.world.configure(full('new '));
    const reloading = agent.reloadFile();
    await until(() => expect(scene.world.created.get('out')).toBe(2));
    scene.world.hanging.clear();
    await reloading;
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(lines.map((line) => `new ${line}`));
  });

  test('a transform put in between is used from then on', async () => {
    scene.world.add('a', 'one');
    const agent = await scene.world.start(simple);
    await scene.untilWritten(1);
    scene.world.configure(`${simple}transforms: { up: { type: upper } }`);
    await agent.reloadFile();
    scene.world.add('a', 'two');
    await scene.untilWritten(2);
    expect(scene.written()).toEqual(['one', 'TWO']);
    expect(scene.world.created.get('app')).toBe(1);
  });

  test('a changed output that cannot start is refused where the old one runs well, and taken where that does not run either', async () => {
    const agent = await scene.world.start(simple);
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('running'));
    scene.world.unreachable.add('far');
    scene.world.configure(simple.replace('type: memory }', 'type: memory, tag: far }'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'refused', errors: [{ message: 'cannot connect' }] });
    scene.world.add('a', 'one');
    await scene.untilWritten(1);
    await agent.stop();
    scene.world.unreachable.add('away').add('away too');
    const second = await scene.world.start(simple.replace('type: memory }', 'type: memory, tag: away }'));
    await until(() => expect(second.pipeline.outputs[0]!.supervisor.status.state).toBe('waiting'));
    scene.world.configure(simple.replace('type: memory }', 'type: memory, tag: away too }'));
    expect(await second.reloadFile()).toMatchObject({ result: 'applied' });
  });

  test('a changed transform that cannot start is refused; whoever watches the running one sees nothing of it', async () => {
    const transformed = (tag: string) => `${simple}transforms: { up: { type: upper, start: 0, tag: "${tag}" } }`;
    const agent = await scene.world.start(transformed(''));
    const up = agent.pipeline.nodes.find(({ id }) => id === 'up')!;
    await until(() => expect(up.supervisor.status.state).toBe('running'));
    const seen: string[] = [];
    agent.pipeline.hooks.status.tap('test', (id, { state }) => void seen.push(`${id} ${state}`));
    agent.pipeline.hooks.error.tap('test', (error) => void seen.push(error.message));
    scene.world.unreachable.add('bad');
    scene.world.configure(transformed('bad'));
    expect(await agent.reloadFile()).toMatchObject({
      result: 'refused',
      errors: [{ message: 'cannot begin', at: 'up' }],
    });
    expect(seen).toEqual([]);
    scene.world.configure(transformed('good'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { change: ['up'] } });
    expect(seen).toEqual(['up stopping', 'up stopped', 'up running']);
    scene.world.add('a', 'one');
    await scene.untilWritten(1);
    expect(scene.written()).toEqual(['ONE']);
  });

  test('a changed input that cannot start: everything goes back to what ran before', async () => {
    scene.world.add('a', ...lines);
    scene.world.add('b', 'one');
    const agent = await scene.world.start(twoInputs());
    await scene.untilWritten(101);
    scene.world.unreachable.add('far');
    scene.world.configure(`
inputs:
  x: { type: memory, streams: [a, far] }
  y: { type: memory, streams: [b], attributes: { team: "new " } }
  z: { type: memory, streams: [c] }
outputs: { out: { type: memory } }`);
    expect(await agent.reloadFile()).toMatchObject({
      result: 'rolled back',
      errors: [{ message: 'cannot open', at: 'x' }],
    });
    expect(agent.pipeline.inputs.map(({ id }) => id)).toEqual(['y', 'x']);
    expect(agent.changes.last).toMatchObject({ result: 'rolled back' });
    scene.world.add('a', 'more of a');
    scene.world.add('b', 'more of b');
    await scene.untilWritten(103);
    expect(scene.written().slice(101).sort()).toEqual(['more of a', 'more of b']);
    // Left alone by other changes, and tried again by itself.
    const created = scene.world.created.get('x');
    expect(await agent.reloadFile()).toEqual({ result: 'unchanged' });
    expect(scene.world.created.get('x')).toBe(created);
    scene.world.unreachable.clear();
    await until(() => expect(agent.changes.last).toMatchObject({ result: 'applied', plan: { add: ['z'] } }));
  });

  test('an added input that cannot start leaves the others running', async () => {
    const agent = await scene.world.start(simple);
    scene.world.unreachable.add('far');
    scene.world.configure(simple.replace('inputs: {', 'inputs: { z: { type: memory, streams: [far] },'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
    await until(() => expect(agent.pipeline.inputs[1]!.supervisor.status.state).toBe('failed'));
    scene.world.add('a', 'one');
    await scene.untilWritten(1);
  });

  test('a change of nothing but settings is applied, numbered and told', async () => {
    const agent = await scene.world.start(simple);
    scene.world.configure(`max_bytes: 2MiB\nshutdown_timeout: 1s${simple}`);
    expect(await agent.reloadFile()).toMatchObject({ plan: { settings: ['max_bytes', 'shutdown_timeout'] } });
    expect(scene.world.logged.join()).toContain(
      'configuration change 1 applied (the file): set max_bytes, shutdown_timeout',
    );
  });

  test('a change that is refused because a server is away is tried again by itself', async () => {
    const agent = await scene.world.start(simple);
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('running'));
    scene.world.unreachable.add('far');
    scene.world.configure(simple.replace('type: memory }', 'type: memory, tag: far }'));
    expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
    scene.world.unreachable.clear();
    await until(() => expect(agent.changes.last).toMatchObject({ result: 'applied', plan: { change: ['out'] } }));
  }, 30_000);

  test('a file that is broken and then as it was before: that is said, and the last change counts as mended', async () => {
    const agent = await scene.world.start(simple);
    scene.world.configure('inputs: [');
    await agent.reloadFile();
    expect(agent.changes.last).not.toHaveProperty('mended');
    scene.world.configure(simple);
    expect(await agent.reloadFile()).toEqual({ result: 'unchanged' });
    expect(scene.world.logged.join()).toContain('the file: valid again, and as it was; nothing changes');
    expect(agent.changes.last).toMatchObject({ result: 'refused', mended: true });
  });

  test('an output that never started can be mended: what waited for it goes on', async () => {
    scene.world.unreachable.add('far');
    scene.world.add('a', 'one');
    const agent = await scene.world.start(simple.replace('type: memory }', 'type: memory, tag: far }'));
    await until(() => expect(agent.pipeline.inputs[0]!.supervisor.status.reason).toContain('for output out'));
    scene.world.configure(simple);
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
    await scene.untilWritten(1);
    expect(scene.written()).toEqual(['one']);
  });

  test('a change while an output fails: it writes again when its target heals', async () => {
    scene.world.failing.add('out');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(`shutdown_timeout: 100ms${simple}`);
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('degraded'));
    scene.world.configure(`shutdown_timeout: 100ms${simple}transforms: { up: { type: upper } }`);
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
    scene.world.failing.clear();
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(upper);
  });

  test('stop during a change waits for it, and starts nothing after', async () => {
    scene.world.hanging.add('out');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(simple);
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBe(100));
    scene.world.configure(simple.replace('type: memory }', 'type: memory, tag: new }'));
    const reloading = agent.reloadFile();
    await until(() => expect(scene.world.created.get('out')).toBe(2));
    await agent.stop();
    await reloading;
    for (const { supervisor } of agent.pipeline.nodes) expect(supervisor.status.state).toBe('stopped');
  });

  test('an invalid file is refused with its errors, and what ran goes on', async () => {
    scene.world.add('a', 'one');
    const agent = await scene.world.start(simple);
    scene.world.configure(simple.replace('streams', 'steams'));
    expect(await agent.reloadFile()).toMatchObject({
      result: 'refused',
      errors: expect.arrayContaining([expect.objectContaining({ code: 'LC_CONFIG_UNKNOWN_KEY' })]),
    });
    scene.world.add('a', 'two');
    await scene.untilWritten(2);
  });

  test('what cannot change live is refused, saying so', async () => {
    const agent = await scene.world.start(simple);
    scene.world.configure(`name: other${simple}`);
    expect(await agent.reloadFile()).toMatchObject({
      result: 'refused',
      errors: expect.arrayContaining([expect.objectContaining({ code: 'LC_CONFIG_NEEDS_RESTART' })]),
    });
  });
});
