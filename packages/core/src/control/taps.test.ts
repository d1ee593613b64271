import { expect, test } from 'vitest';
import { Scene, simple, until } from '../fixtures/scene.ts';
import { followAgent } from './control-client.ts';
import type { TapLine, TapRequest } from './tap.ts';
import { tapQuery } from './taps.ts';

const scene = new Scene();

/** Through the socket, until it is told to end. */
function tap(request: TapRequest) {
  const records: string[] = [];
  const counts: number[] = [];
  const controller = new AbortController();
  const follow = followAgent(
    scene.world.agent!.pipeline.desired.dataDir,
    `/tap?${tapQuery(request)}`,
    (value) => {
      const line = value as TapLine;
      if ('record' in line) records.push(line.record.message);
      else counts.push(line.tick.components);
    },
    controller.signal,
  );
  follow.catch(() => {});
  return { records, counts, follow, end: () => controller.abort(new Error('enough')) };
}

const batchHook = (id: string) => scene.world.agent!.pipeline.nodes.find((node) => node.id === id)!.batch as unknown;
const tapsOf = (id: string) => (batchHook(id) as { taps: { name: string }[] }).taps.map(({ name }) => name);

test('sees what passes while it looks, and leaves nothing behind', async () => {
  await scene.world.start(simple);
  const [input, output] = [tap({}), tap({ component: 'out' })];
  await until(() => expect([...input.counts, ...output.counts]).toEqual([1, 1]));
  scene.world.add('a', 'one', 'two');
  await until(() =>
    expect([input.records, output.records]).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]),
  );
  expect(tapsOf('app')).toEqual(['tap', 'edge to out']);
  input.end();
  output.end();
  await expect(input.follow).rejects.toThrow('enough');
  await until(() => expect([...tapsOf('app'), ...tapsOf('out')]).toEqual(['edge to out']));
  scene.world.add('a', 'three');
  await scene.untilWritten(3);
});

test('goes on with what a reload builds, removes and brings back', async () => {
  const agent = await scene.world.start(simple);
  const { records, counts } = tap({ component: 'app' });
  await until(() => expect(counts).toHaveLength(1));
  scene.world.configure(simple.replace('streams: [a]', 'streams: [a], batch: 5'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { change: ['app'] } });
  scene.world.add('a', 'one');
  await until(() => expect(records).toEqual(['one']));
  scene.world.configure(simple.replace('app:', 'other:').replace('[a]', '[b]'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { remove: ['app'] } });
  await until(() => expect(counts.at(-1)).toBe(0));
  scene.world.configure(simple);
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { add: ['app'] } });
  scene.world.add('a', 'two');
  await until(() => expect(records).toEqual(['one', 'two']));
});

test('ends with the agent, and says what cannot be tapped', async () => {
  const agent = await scene.world.start(simple);
  const { counts, follow } = tap({});
  await until(() => expect(counts).toHaveLength(1));
  const unknown = tap({ component: 'ap' });
  await expect(unknown.follow).rejects.toMatchObject({
    code: 'LC_TAP_COMPONENT',
    hint: 'There are app, out.',
  });
  await expect(tap({ grep: '(' }).follow).rejects.toMatchObject({ code: 'LC_TAP_FILTER' });
  await agent.stop();
  await expect(follow).rejects.toMatchObject({ code: 'LC_AGENT_NOT_RUNNING', message: 'the agent stopped' });
});
