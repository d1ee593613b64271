import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { defineInput, z } from '@logcatch/plugin-api';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { dataDirOf } from '../agent-place.ts';
import { askAgent } from '../control/control-client.ts';
import { fileList } from '../control/file-list.ts';
import { World } from '../fixtures/memory.ts';
import { Store } from '../state/store.ts';
import { type AgentStatus, statusOf } from './agent-status.ts';
import { reportOf } from './reporter.ts';

const simple = `
inputs: { app: { type: memory, streams: [a] } }
transforms: { upper: { type: upper } }
outputs: { out: { type: memory } }
`;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.clean());

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 50_000, interval: 5 });
const dataDir = () => world.agent!.pipeline.desired.dataDir;
const asked = async () => (await askAgent(dataDir(), 'GET', '/status')) as AgentStatus;

test('a plugin that throws when it is asked about itself takes nobody the status', async () => {
  const bug = (): never => {
    throw new Error('a bug');
  };
  const engine = world.engine();
  const odd = {
    start: async () => {},
    read: () => new Promise<null>(() => {}),
    pause: () => {},
    resume: () => {},
    rewind: () => {},
    stop: async () => {},
  };
  engine.use(
    defineInput({
      type: 'odd',
      description: '',
      options: z.strictObject({}),
      summarize: bug,
      create: () => ({ ...odd, idle: bug }),
    }),
  );
  const agent = await world.start(simple.replace('memory, streams: [a]', 'odd'), { engine });
  const [app] = statusOf(agent).components;
  expect(app).toMatchObject({ id: 'app', input: { count: 0 } });
  expect(agent.pipeline.counters('app')?.errors).toMatchObject({ LC_PLUGIN_THREW: 2 });
});

test('positions that do not come to disk: it ships, is not well, says so, and is well when they do', async () => {
  const agent = await world.start(simple);
  await until(() => expect(statusOf(agent).well).toBe(true));
  const full = vi.spyOn(Store.prototype, 'save').mockImplementation(() => {
    throw new Error('database or disk is full');
  });
  onTestFinished(() => full.mockRestore());
  const forgets = vi.spyOn(agent.log, 'forget');
  world.add('a', 'one');
  await until(() =>
    expect(statusOf(agent)).toMatchObject({
      well: false,
      unwritten: {
        state: 'degraded',
        reason: expect.stringMatching(/^LC_STATE_WRITE positions cannot be written.*disk is full$/),
        hint: expect.stringContaining('Free space'),
      },
    }),
  );
  expect(world.written.get('out')).toEqual(['ONE']);
  full.mockRestore();
  await until(() => expect(statusOf(agent).well).toBe(true));
  expect(statusOf(agent)).not.toHaveProperty('unwritten');
  // What the log has held back would be told when it is over.
  expect(forgets).toHaveBeenCalledOnce();
});

test('a running agent, through its control socket', async () => {
  world.add('a', 'one', 'two');
  const agent = await world.start(simple);
  await until(async () => {
    const { well, components } = await asked();
    expect({ well, position: components[0]?.input?.sources[0]?.position }).toEqual({ well: true, position: 2 });
  });
  const status = await asked();
  const moving = { at: expect.any(Number), process: expect.anything() };
  expect(status).toEqual({ ...JSON.parse(JSON.stringify(statusOf(agent))), ...moving });
  expect(status).toMatchObject({
    name: 'test',
    version: 'unknown',
    pid: process.pid,
    configuration: { changes: 0, pending: [] },
    sources: [],
    waiting: [],
    components: [
      { id: 'app', kind: 'input', type: 'memory', state: 'running', reason: '', input: { count: 1, unsettled: 0 } },
      { id: 'upper', kind: 'transform', state: 'running' },
      { id: 'out', kind: 'output', state: 'running', output: { queued: 0, dropped: 0 } },
    ],
    graph: {
      nodes: [{ id: 'app' }, { id: 'upper' }, { id: 'out', waits: [] }],
      edges: [
        { from: 'app', to: 'upper' },
        { from: 'upper', to: 'out' },
      ],
    },
  });
  expect(status.components[0]!.input!.sources).toEqual([
    { key: 1, path: 'a', currentPath: 'a', position: 2, unsettled: 0, lag: 0, pausedBy: [] },
  ]);
  const found = { found: 1, resumed: 0, renamed: 0, truncated: 0, replaced: 0, gone: 0 };
  expect(status.components[0]!.input!.discovered).toEqual(found);
  expect(statSync(join(dataDir(), 'control.sock')).mode & 0o777).toBe(0o600);
  await agent.stop();
  expect(existsSync(join(dataDir(), 'control.sock'))).toBe(false);
});

test('trouble is not well, and says what is on the way', async () => {
  world.failing.add('out');
  world.add('a', 'one', 'two');
  const agent = await world.start(simple);
  await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('degraded'));
  expect(statusOf(agent)).toMatchObject({
    well: false,
    recentErrors: [{ component: 'out', message: expect.stringContaining('the target is away') }],
    components: [
      { id: 'app', input: { unsettled: 2 } },
      { id: 'upper' },
      { id: 'out', state: 'degraded', reason: expect.stringContaining('the target is away'), output: { queued: 2 } },
    ],
  });
});

test('what a transform gives to each of its exits', async () => {
  world.add('a', 'one', 'two', 'three');
  const agent = await world.start(`
inputs: { app: { type: memory, streams: [a] } }
transforms: { by: { type: split, inputs: [app] } }
outputs: { out: { type: memory, inputs: [by.even, by.odd] } }`);
  await until(() => expect(agent.pipeline.outputs[0]!.counters.out.records).toBe(3));
  expect(statusOf(agent).components[1]!.exits).toMatchObject({ even: { records: 2 }, odd: { records: 1 } });
});

test('the list of sources ends, their number does not', async () => {
  const streams = Array.from({ length: 1_500 }, (_, i) => `s${i}`);
  const agent = await world.start(simple.replace('[a]', JSON.stringify(streams)));
  await until(() => expect(statusOf(agent).components[0]!.input!.count).toBe(1_500));
  expect(statusOf(agent).components[0]!.input!.sources).toHaveLength(1_000);
  expect(statusOf(agent, 2).components[0]!.input!.sources).toHaveLength(2);
  expect(fileList(agent.pipeline.inputs, '')).toMatchObject({ files: { length: 100 }, matching: 1_500, open: 1_500 });
  expect(fileList(agent.pipeline.inputs, 'S149')).toMatchObject({ files: { length: 11 }, matching: 11, open: 1_500 });
  expect(fileList(agent.pipeline.inputs, 'S1499').files).toMatchObject([
    { component: 'app', path: 's1499', account: { pending: 0 } },
  ]);
});

test('a file that was renamed stands where it is now', async () => {
  const agent = await world.start(simple);
  await until(() => expect(statusOf(agent).components[0]!.input!.count).toBe(1));
  const [source] = agent.pipeline.inputs[0]!.sources;
  source!.currentPath = 'b';
  const listed = { key: source!.key, path: 'a', currentPath: 'b' };
  expect(statusOf(agent).components[0]!.input!.sources).toMatchObject([listed]);
  for (const text of ['a', 'b']) expect(fileList(agent.pipeline.inputs, text).files).toMatchObject([listed]);
});

test('changes of the configuration are numbered and kept with their outcome', async () => {
  const agent = await world.start(simple);
  world.configure(simple.replace('{ app:', '{ more: { type: memory, streams: [b] }, app:'));
  await agent.reloadFile();
  expect(statusOf(agent).configuration).toMatchObject({
    changes: 1,
    pending: [],
    last: { number: 1, what: 'the file', result: 'applied', plan: { add: ['more'] } },
  });
  world.configure(simple.replace('outputs', 'output'));
  await agent.reloadFile();
  const { configuration, well } = statusOf(agent);
  expect(configuration.recent).toMatchObject([
    { number: 2, result: 'refused', errors: [expect.stringContaining('LC_CONFIG_UNKNOWN_KEY')] },
    { number: 1, result: 'applied', did: 'add more' },
  ]);
  expect(well).toBe(false);
  expect(configuration).toMatchObject({ changes: 2, pending: ['the file'], last: { number: 2, result: 'refused' } });
  expect(configuration.last!.errors!.join()).toContain('LC_CONFIG_UNKNOWN_KEY');
});

test('what waits, with the sources it waits for; the report for the fleet', async () => {
  const agent = await world.start(`
config: { list: { type: remote, key: list }, good: { type: remote, key: good } }
inputs:
  app: { type: memory, each: "\${list}", streams: ["\${each.name}"] }
  own: { type: memory, streams: [own] }
outputs: { out: { type: memory } }`);
  expect(statusOf(agent)).toMatchObject({
    well: false,
    waiting: [{ kind: 'input', id: 'app', sources: ['list'] }],
    sources: [{ name: 'list', state: 'degraded', code: 'LC_SOURCE_ABSENT' }, { name: 'good' }],
  });
  world.put('list', '[]');
  world.put('good', '1');
  await until(() => expect(statusOf(agent).well).toBe(true));
  const report = reportOf(agent);
  expect(report).toMatchObject({
    agent_id: agent.id,
    name: 'test',
    inputs: 1,
    lag_bytes: 0,
    states: { running: 2 },
    sources: { list: { state: 'running', revision: '2' }, good: { state: 'running', revision: '1' } },
  });
  world.put('list', '{ no');
  await until(() =>
    expect(reportOf(agent).sources.list).toMatchObject({
      state: 'degraded',
      revision: '2',
      reason: expect.any(String),
    }),
  );
});

test('agent_id is made once and kept in data_dir, unless the file says it', async () => {
  const first = await world.start(simple);
  expect(first.id).toMatch(/^[A-Za-z0-9][\w.-]*-[0-9a-f]{6}$/);
  await first.stop();
  const second = await world.start(simple);
  expect(second.id).toBe(first.id);
  await second.stop();
  expect((await world.start(`agent_id: mine${simple}`)).id).toBe('mine');
});

test('an agent is found by its file, also when that has been broken since, or given another name', async () => {
  await world.start(simple);
  const file = world.configure(simple);
  expect(await dataDirOf(file, {})).toBe(dataDir());
  world.configure('inputs: [');
  expect(await dataDirOf(file, {})).toBe(dataDir());
  world.configure(`name: other${simple}`);
  expect(await dataDirOf(file, {})).toBe(dataDir());
  rmSync(file);
  expect(await dataDirOf(file, {})).toBe(dataDir());
  await world.agent!.stop();
  await expect(dataDirOf(file, {})).rejects.toThrow('there is no such file');
  expect(await dataDirOf(world.configure(`data_dir: "\${env.STATE}/x"${simple}`), { STATE: '/s' })).toBe(
    resolve('/s/x'),
  );
});

test('an agent with a data_dir of its own is found by what a broken file still says', async () => {
  const own = `data_dir: "\${env.STATE:-state}" # elsewhere${simple}`;
  await world.start(own);
  const place = dataDir();
  expect(basename(place)).toBe('state');
  for (const mistake of ['outputs: [', 'inptus: {}', 'http: { port: x }', '- "']) {
    expect(await dataDirOf(world.configure(own + mistake), {}), mistake).toBe(place);
  }
  await world.agent!.stop();
  await expect(dataDirOf(world.configure(`${own}outputs: [`), {})).rejects.toThrow('already');
});

test('a control socket that cannot be opened is told, and the agent runs', async () => {
  world.add('a', 'one');
  const agent = await world.start(simple);
  await agent.stop();
  mkdirSync(join(dataDir(), 'control.sock/x'), { recursive: true });
  world.add('a', 'two');
  await world.start(simple);
  await until(() => expect(world.written.get('out')).toEqual(['ONE', 'TWO']));
  await until(() => expect(world.logged.join()).toContain('LC_CONTROL_SOCKET'));
});
