import { LogcatchError } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { lines, Scene, simple, until } from '../fixtures/scene.ts';

const scene = new Scene();
const output = () => scene.world.agent!.pipeline.outputs[0]!;
const [before, after] = [lines.slice(0, 50), lines.slice(50)];

/** An output has written, and its connection is lost. */
async function lose(yaml = simple): Promise<void> {
  const { world } = scene;
  world.add('a', ...before);
  await world.start(yaml);
  await scene.untilWritten(before.length);
  world.cuts.get('out')!();
}

test('an output that connects when it starts heals: what threw gives way to another instance, then the batch comes again', async () => {
  await lose();
  scene.world.add('a', ...after);
  await scene.untilWritten(lines.length);
  expect(scene.written()).toEqual(lines);
  await until(() => expect(output().supervisor.status.state).toBe('running'));
  expect(scene.world.created.get('out')).toBe(2);
  expect(output().counters).toMatchObject({ restarts: 1, retries: 1, errors: { LC_PLUGIN_THREW: 1 } });
  expect(scene.world.logged.filter((line) => line.includes('runs well again'))).toHaveLength(1);
});

test('while it cannot be started nothing is lost, and it is degraded until a write has worked', async () => {
  const { world } = scene;
  await lose();
  world.unreachable.add('');
  world.add('a', ...after);
  await until(() => expect(output().supervisor.status.reason).toContain('cannot connect'));
  expect(output().supervisor.status.state).toBe('degraded');
  world.unreachable.clear();
  await scene.untilWritten(lines.length);
  expect(scene.written()).toEqual(lines);
  await until(() => expect(output().supervisor.status.state).toBe('running'));
});

test('writes that are under way end before it is stopped, and nothing overtakes', async () => {
  const { world } = scene;
  const agent = await world.start(simple.replace('out: { type: memory', 'out: { type: wide'));
  let writes = 0;
  agent.pipeline.hooks.delivered.tap('cut', () => {
    if (++writes % 8 === 0) world.cuts.get('out')!();
  });
  world.add('a', ...lines, ...lines, ...lines);
  await scene.untilWritten(3 * lines.length);
  expect(scene.written()).toEqual([...lines, ...lines, ...lines]);
  expect(world.created.get('out')).toBeGreaterThan(2);
  expect(world.mostQueued).toBeGreaterThan(10);
  expect(world.stoppedInWrite).toEqual(new Set());
});

test.each(['throws', 'hangs'])('one whose stop %s gives way too', async (how) => {
  scene.world.stopThrows = how === 'throws';
  if (how === 'hangs') scene.world.deaf.add('stop ');
  await lose();
  scene.world.add('a', ...after);
  await scene.untilWritten(lines.length);
  expect(scene.written()).toEqual(lines);
  scene.world.deaf.clear();
});

test.each([
  ['LC_OUTPUT_FAILED', 'stays', 1],
  ['LC_OUTPUT_UNREACHABLE', 'gives way', 3],
] as const)('one that says %s %s', async (code, _what, instances) => {
  const { world } = scene;
  world.failure = new LogcatchError(code, 'by design');
  world.failing.add('out');
  world.add('a', ...lines);
  await world.start(simple);
  await until(() => expect(output().counters.retries).toBe(2));
  world.failing.clear();
  await scene.untilWritten(lines.length);
  expect(scene.written()).toEqual(lines);
  expect(world.created.get('out')).toBe(instances);
});

test('one that nothing waits for heals as well', async () => {
  const { world } = scene;
  await lose(simple.replace('out: { type: memory', 'out: { type: memory, required: false'));
  await until(() => {
    world.add('a', 'more');
    expect(scene.written()).toContain('more');
  });
  expect(world.created.get('out')).toBe(2);
  await until(() => expect(output().supervisor.status.state).toBe('running'));
});

test('records that a plugin has written again are written in turn', async () => {
  const { world } = scene;
  const agent = await world.start(simple);
  agent.pipeline.hooks.refused.tapPromise('again', async () => 'retry');
  world.add('a', 'BAD', ...lines);
  await until(() => expect(output().counters.refused.retry).toBeGreaterThan(1));
  world.cuts.get('out')!();
  await until(() => expect(world.created.get('out')).toBe(2));
  await scene.untilWritten(lines.length);
  expect(scene.written()).toEqual(lines);
  expect(world.mostQueued).toBeLessThanOrEqual(10);
  expect(world.stoppedInWrite).toEqual(new Set());
});
