import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchOf } from '@logcatch/plugin-api';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Agent } from '../agent.ts';
import { Cluster } from '../fixtures/cluster.ts';
import { lines, Scene, until } from '../fixtures/scene.ts';
import { replayLetters } from '../letters/dead-letter-commands.ts';
import type { ReplayStep } from '../letters/dead-letter-replay.ts';
import { DeadLetters, lettersLimit } from '../letters/dead-letters.ts';
import { BufferPool } from '../pipeline/pool.ts';
import { Checkpoints } from '../state/checkpoints.ts';
import { Store } from '../state/store.ts';

const scene = new Scene();
let cluster: Cluster;

beforeEach(() => {
  cluster = new Cluster();
});

const pipeline = (output = '{ type: exact }', input = 'batch: 3') => `
agent_id: test
shutdown_timeout: 2s
inputs: { app: { type: memory, streams: [a, b], ${input} } }
transforms: { sieve: { type: sieve } }
outputs: { out: ${output} }
`;

async function start({ yaml = pipeline(), once = false } = {}): Promise<Agent> {
  const engine = scene.world.engine();
  for (const plugin of cluster.plugins) engine.use(plugin);
  return scene.world.start(yaml, { engine, once });
}

const some = (stream: string, from: number, to = from + 10) => lines.slice(from, to).map((line) => `${stream} ${line}`);

const committed = (stream: string, to: number) =>
  until(() => expect(cluster.textsOf(stream)).toEqual(some(stream, 0, to)));

const settled = (agent: Agent) => until(() => expect(agent.accounts().get('app')!.pending).toBe(0));

async function replay(): Promise<ReplayStep[]> {
  const steps: ReplayStep[] = [];
  const dataDir = join(scene.world.folder, '.logcatch/test');
  const file = join(scene.world.folder, 'test.yaml');
  const engine = scene.world.engine();
  for (const plugin of cluster.plugins) engine.use(plugin);
  await replayLetters({ engine, file, dataDir, filter: {}, done: (step) => steps.push(step) });
  return steps;
}

test('what is committed is every line once, with the positions behind them', async () => {
  scene.world.add('a', ...some('a', 0, 20));
  scene.world.add('b', ...some('b', 0, 20), '#dropped', '#dropped');
  const agent = await start({ once: true });
  expect(await agent.finished(20_000)).toBe(true);
  expect(cluster.textsOf('a')).toEqual(some('a', 0, 20));
  expect(cluster.textsOf('b')).toEqual(some('b', 0, 20));
  expect(cluster.known).toMatchObject([
    { path: 'a', position: 20 },
    { path: 'b', position: 22 },
  ]);
  expect(agent.accounts().get('app')).toMatchObject({ delivered: 40, dropped: { sieve: 2 }, pending: 0 });
  expect(cluster.broken).toEqual([]);
});

test('a clock that is set back holds no transaction open', async () => {
  onTestFinished(() => void vi.useRealTimers());
  cluster.distance = 100;
  const agent = await start();
  await until(() => expect(cluster.known).toHaveLength(2));
  const [source] = agent.pipeline.inputs[0]!.sources;
  const { commit } = cluster.calls;
  scene.world.add('a', ...some('a', 0, 3));
  await until(() => expect(cluster.calls.commit).toBe(commit + 1));
  // Read while the one before is being committed.
  scene.world.add('a', ...some('a', 3, 6));
  await until(() => expect(source!.outstanding).toBe(2));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
  await committed('a', 6);
});

test('one that is shut out by another says so, and does not take over again', async () => {
  scene.world.add('a', ...some('a', 0));
  const agent = await start();
  await committed('a', 10);
  cluster.producer('test/out').epoch++;
  scene.world.add('a', ...some('a', 10));
  expect(await agent.failed).toMatchObject({ code: 'LC_OUTPUT_FENCED' });
  expect(agent.pipeline.outputs[0]!.supervisor.status).toMatchObject({ state: 'failed' });
  expect(cluster.calls.recover).toBe(1);
  await agent.stop();
  expect(cluster.textsOf('a')).toEqual(some('a', 0));
});

test('positions that were committed and are gone stop it, or it goes on from those that are here', async () => {
  scene.world.add('a', ...some('a', 0));
  await settled(await start());
  await scene.world.agent!.stop();
  cluster.positions.clear();
  const failed = await (await start()).failed;
  expect(failed).toMatchObject({ code: 'LC_POSITIONS_MISSING' });
  expect(failed.describe()).toContain('none are there of output out of agent test, but 2 are known here');
  await scene.world.agent!.stop();

  cluster.onMissing = 'local';
  scene.world.add('a', ...some('a', 10));
  await start();
  await committed('a', 20);
  await until(() => expect(cluster.known).toMatchObject([{ position: 20 }, { position: 0 }]));
});

test('data_dir is lost: it goes on from what the output knows, before any source is opened', async () => {
  scene.world.add('a', ...some('a', 0));
  await settled(await start());
  await scene.world.agent!.stop();
  rmSync(join(scene.world.folder, '.logcatch'), { recursive: true });
  scene.world.add('a', ...some('a', 10));
  const agent = await start();
  await committed('a', 20);
  await settled(agent);
  expect(agent.accounts().get('app')).toMatchObject({ delivered: 20, repeated: 0 });
  expect(agent.pipeline.counters('app')?.discovered).toMatchObject({ found: 0, resumed: 2 });
});

test('two pipelines with one agent_id do not take over the positions of each other', async () => {
  scene.world.add('a', ...some('a', 0));
  await settled(await start());
  await scene.world.agent!.stop();
  const second = pipeline()
    .replace('{ out:', '{ second:')
    .replace('agent_id: test', 'agent_id: test\ndata_dir: ./second');
  await start({ yaml: second });
  await until(() => expect(cluster.textsOf('a')).toEqual([...some('a', 0), ...some('a', 0)]));
});

test('from at least once to exactly once and back, in place: positions are those of here', async () => {
  scene.world.add('a', ...some('a', 0));
  const agent = await start({ yaml: pipeline('{ type: exact, plain: true }') });
  await committed('a', 10);
  for (const [yaml, end] of [
    [pipeline(), 20],
    [pipeline('{ type: exact, plain: true }'), 30],
    [pipeline(), 40],
  ] as const) {
    scene.world.configure(yaml);
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
    scene.world.add('a', ...some('a', end - 10));
    await committed('a', end);
    await settled(agent);
  }
  await until(() => expect(cluster.known[0]).toMatchObject({ path: 'a', position: 40 }));
  expect(cluster.broken).toEqual([]);
});

test('a changed input or transform, with something on its way: nothing is lost, nothing comes twice', async () => {
  const agent = await start();
  const rest = Array.from({ length: 10 }, (_, i) => i);
  for (const i of rest) {
    scene.world.add('a', ...some('a', i * 10));
    scene.world.configure(i % 2 ? pipeline() : pipeline(undefined, `batch: ${i + 1}, attributes: { n: "${i}" }`));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
  }
  await committed('a', 100);
  expect(cluster.broken).toEqual([]);
});

test('a source that is stuck holds up no other, and comes once when it is free', async () => {
  const free = Promise.withResolvers<void>();
  cluster.stuck.set('a', free.promise);
  scene.world.add('a', ...some('a', 0, 30));
  scene.world.add('b', ...some('b', 0, 30));
  const agent = await start();
  await committed('b', 30);
  const [source] = agent.pipeline.inputs[0]!.sources;
  await until(() => expect(source!.pausedBy).toEqual(['output stuck']));
  expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('stuck');
  const { recover } = cluster.calls;
  scene.world.add('b', ...some('b', 30, 60));
  await committed('b', 60);
  expect(cluster.calls.recover).toBe(recover);
  expect(cluster.textsOf('a')).toEqual([]);
  cluster.faults.write.push('before');
  scene.world.add('b', ...some('b', 60, 70));
  await committed('b', 70);
  expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('stuck');
  cluster.stuck.clear();
  free.resolve();
  await committed('a', 30);
  await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('running'));
  expect(cluster.broken).toEqual([]);
});

test('a source that is stuck again as soon as it is free rests, and makes few transactions of the others void', async () => {
  cluster.stuck.set('a', Promise.resolve());
  scene.world.add('a', ...some('a', 0, 10));
  const agent = await start();
  for (let to = 10; to <= 60; to += 10) {
    scene.world.add('b', ...some('b', to - 10, to));
    await committed('b', to);
  }
  expect(cluster.calls.recover).toBeLessThan(6);
  expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('stuck');
});

test('a source that a plugin stops holds up no other', async () => {
  scene.world.add('a', 'a line 0', 'BAD');
  scene.world.add('b', ...some('b', 0, 30));
  const engine = scene.world.engine();
  for (const plugin of cluster.plugins) engine.use(plugin);
  engine.hooks.pipeline.tap('test', ({ hooks }) => hooks.refused.tap('test', () => 'stop' as const));
  const agent = await scene.world.start(pipeline(undefined, 'batch: 1'), { engine });
  await committed('b', 30);
  const [source] = agent.pipeline.inputs[0]!.sources;
  await until(() => expect(source!.pausedBy).toEqual(['stopped by a plugin']));
  const { recover } = cluster.calls;
  scene.world.add('b', ...some('b', 30, 60));
  await committed('b', 60);
  expect(cluster.calls.recover).toBe(recover);
});

test('what is refused goes to the dead letters, and counts when the transaction of its replay does', async () => {
  scene.world.add('a', 'a line 0', 'BAD', 'a line 1');
  const agent = await start();
  await committed('a', 2);
  await settled(agent);
  expect(agent.accounts().get('app')).toMatchObject({ deadLettered: 1 });
  cluster.refusing = false;
  cluster.faults.commit.push('before');
  expect(await replay()).toMatchObject([{ outputs: [], trouble: { code: 'LC_OUTPUT_FAILED' } }]);
  expect(cluster.textsOf('a')).toHaveLength(2);
  await until(() => expect(agent.pipeline.outputs[0]!.ready).toBe(true));
  expect(await replay()).toEqual([{ outputs: [{ output: 'out', written: 1, refused: 0, reasons: {} }] }]);
  expect(cluster.log.map(({ text }) => text).sort()).toEqual(['BAD', 'a line 0', 'a line 1']);
  expect(cluster.broken).toEqual([]);
});

test('a write of no source whose turn comes when a commit has failed is not begun', async () => {
  const agent = await start();
  await until(() => expect(cluster.known).toHaveLength(2));
  const [output] = agent.pipeline.outputs;
  const [source] = agent.pipeline.inputs[0]!.sources;
  const { signal } = new AbortController();
  const write = async (text: string) =>
    output!.writeOnce(await batchOf(source!, [text], { start: 0, buffers: new BufferPool(1 << 20), signal }), signal);
  cluster.distance = 20;
  cluster.faults.commit.push('after');
  const { commit } = cluster.calls;
  const first = write('first').catch((error: unknown) => error);
  await until(() => expect(cluster.calls.commit).toBe(commit + 1));
  await expect(write('second')).rejects.toThrow();
  expect(await first).toBeInstanceOf(Error);
  expect(cluster.broken).toEqual([]);
  await until(() => expect(output!.ready).toBe(true));
  await write('third');
  expect(cluster.textsOf('a')).toEqual(['first', 'third']);
});

test('a replay while the agent does not run is a transaction too', async () => {
  scene.world.add('a', 'a line 0', 'BAD', 'a line 1');
  await settled(await start());
  await scene.world.agent!.stop();
  cluster.refusing = false;
  expect(await replay()).toEqual([{ outputs: [{ output: 'out', written: 1, refused: 0, reasons: {} }] }]);
  expect(cluster.log.map(({ text }) => text)).toEqual(['a line 0', 'a line 1', 'BAD']);
  expect(cluster.known[0]).toMatchObject({ path: 'a', position: 3 });
  expect(cluster.broken).toEqual([]);
});

test('dead letters that are full hold up the sources concerned, and void no further transactions until there is room', async () => {
  const folder = join(scene.world.folder, '.logcatch/test/dead-letters');
  const letters = join(folder, '000001.jsonl');
  mkdirSync(folder, { recursive: true });
  writeFileSync(letters, '');
  truncateSync(letters, lettersLimit);
  const looks = vi.spyOn(DeadLetters.prototype, 'usage', 'get');
  onTestFinished(() => looks.mockRestore());
  scene.world.add('a', 'BAD', 'a line 0');
  scene.world.add('b', ...some('b', 0));
  const agent = await start();
  await committed('b', 10);
  const [source] = agent.pipeline.inputs[0]!.sources;
  await until(() => expect(source!.pausedBy).toEqual(['dead-letters full']));
  await until(() => expect(agent.pipeline.outputs[0]!.ready).toBe(true));
  const { recover } = cluster.calls;
  const before = looks.mock.calls.length;
  await until(() => expect(looks.mock.calls.length).toBeGreaterThan(before));
  scene.world.add('b', ...some('b', 10));
  await committed('b', 20);
  expect(cluster.calls.recover).toBe(recover);
  expect(source!.pausedBy).toEqual(['dead-letters full']);
  rmSync(letters);
  await committed('a', 1);
});

test('a seek of a running source counts, and is committed with what comes after it', async () => {
  scene.world.add('a', ...some('a', 0));
  const agent = await start();
  await committed('a', 10);
  await settled(agent);
  cluster.faults.write.push('after', 'after');
  await agent.checkpoints.seek('a', 7);
  await until(() => expect(cluster.textsOf('a')).toEqual([...some('a', 0), ...some('a', 7, 10)]));
  await until(() => expect(cluster.known[0]).toMatchObject({ position: 10 }));
});

test('a seek makes void what was written and not committed, and a stop commits what is on its way at once', async () => {
  cluster.interval = 3_600_000;
  cluster.bytes = 1_000_000;
  const agent = await start();
  scene.world.add('a', ...some('a', 0));
  await until(() => expect(cluster.producer('test/out').open).toHaveLength(10));
  await agent.checkpoints.seek('a', 6);
  await until(() => expect(cluster.producer('test/out').open).toHaveLength(4));
  expect(cluster.log).toEqual([]);
  await agent.stop();
  expect(cluster.textsOf('a')).toEqual(some('a', 6, 10));
  expect(cluster.broken).toEqual([]);
});

test('a seek after which there is nothing to read is committed too', async () => {
  scene.world.add('a', 'a line 0');
  const engine = scene.world.engine();
  for (const plugin of cluster.plugins) engine.use(plugin);
  engine.hooks.pipeline.tap('test', ({ hooks }) => hooks.refused.tap('test', () => 'stop' as const));
  const agent = await scene.world.start(pipeline(), { engine });
  await committed('a', 1);
  scene.world.add('a', 'BAD');
  await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]!.pausedBy).toEqual(['stopped by a plugin']));
  await until(() => expect(agent.pipeline.outputs[0]!.ready).toBe(true));
  await agent.checkpoints.seek('a', 2);
  await until(() => expect(cluster.known[0]).toMatchObject({ path: 'a', position: 2 }));
});

test('a seek of an agent that does not run counts more than what was committed before', async () => {
  scene.world.add('a', ...some('a', 0));
  await settled(await start());
  await scene.world.agent!.stop();
  const store = new Store(join(scene.world.folder, '.logcatch/test'));
  await Checkpoints.of(store).seek('a', 8);
  store.close();
  await start();
  await until(() => expect(cluster.textsOf('a')).toEqual([...some('a', 0), ...some('a', 8, 10)]));
});

test('a source that has ended is forgotten there too', async () => {
  const agent = await start();
  await until(() => expect(cluster.known.map(({ path }) => path)).toEqual(['a', 'b']));
  scene.world.add('a', ...some('a', 0));
  scene.world.gone.add('a');
  await committed('a', 10);
  await until(() => expect(cluster.known.map(({ path }) => path)).toEqual(['b']));
  await until(() => expect([...agent.pipeline.inputs[0]!.sources].map(({ path }) => path)).toEqual(['b']));
  expect(agent.accounts().get('app')).toMatchObject({ delivered: 10, abandoned: {} });
});

test('what was read of a source that has ended, and could not be committed, is abandoned', async () => {
  const agent = await start();
  await until(() => expect(cluster.known).toHaveLength(2));
  // The end is seen before the fault.
  cluster.distance = 20;
  cluster.faults.write.push('after');
  scene.world.add('a', ...some('a', 0, 3));
  scene.world.gone.add('a');
  await until(() => expect(cluster.known.map(({ path }) => path)).toEqual(['b']));
  await until(() => expect(agent.accounts().get('app')).toMatchObject({ delivered: 0, abandoned: { gone: 3 } }));
  expect(cluster.log).toEqual([]);
  expect(cluster.broken).toEqual([]);
});
