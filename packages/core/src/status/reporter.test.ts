import { type ComponentPlugin, defineConfigSource, z } from '@logcatch/plugin-api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { World } from '../fixtures/memory.ts';
import type { AgentReport } from './reporter.ts';

let world: World;
const reported: { source: string; report: AgentReport }[] = [];
let fault: Error | undefined;

/** A source that keeps what the engine reports. */
const board = defineConfigSource({
  type: 'board',
  description: 'Keeps reports.',
  remote: true,
  options: z.strictObject({ text: z.string() }),
  create: ({ text }, context) => ({
    start: async () => {},
    load: async () => ({ document: { text, format: 'json', label: 'the board' }, revision: '7' }),
    report: (status) => {
      if (fault) throw fault;
      reported.push({ source: context.id, report: JSON.parse(status) });
    },
    reports: async () => ({ a: '{}' }),
    stop: async () => {},
  }),
}) as ComponentPlugin;

const yaml = `
config: { board: { type: board, text: "1" }, plain: { type: memory, key: plain } }
inputs: { app: { type: memory, streams: [a] } }
outputs: { out: { type: memory } }
`;

beforeEach(() => {
  world = new World();
  world.put('plain', '1');
  reported.length = 0;
  fault = undefined;
});
afterEach(() => world.clean());

function start(text = yaml) {
  const engine = world.engine();
  engine.use(board);
  return world.start(text, { engine });
}

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 50_000, interval: 5 });
const last = () => reported.at(-1)!.report;

test('reports at start and whenever a state changes', async () => {
  const agent = await start();
  await until(() => expect(last().states).toEqual({ running: 2 }));
  expect(last()).toMatchObject({ agent_id: agent.id, sources: { board: { revision: '7', state: 'running' } } });
  world.failing.add('out');
  world.add('a', 'one');
  await until(() => expect(last().states).toEqual({ running: 1, degraded: 1 }));
  world.failing.clear();
  await until(() => expect(last().states).toEqual({ running: 2 }));
  expect(new Set(reported.map(({ source }) => source))).toEqual(new Set(['board']));
  expect(await agent.configuration.reports(AbortSignal.timeout(1_000))).toEqual(new Map([['board', { a: '{}' }]]));
});

test('reports how changes ended, and the trouble of sources', async () => {
  const agent = await start();
  world.configure(yaml.replace('outputs', 'output'));
  await agent.reloadFile();
  await until(() =>
    expect(last().configuration).toMatchObject({
      number: 1,
      result: 'refused',
      what: 'the file',
      reason: expect.stringContaining('LC_CONFIG'),
    }),
  );
  world.put('plain', '{ no');
  await until(() =>
    expect(last().sources.plain).toMatchObject({ state: 'degraded', reason: expect.stringContaining('not JSON') }),
  );
});

test('an instance that takes the place of another gets the report too', async () => {
  const agent = await start();
  await until(() => expect(last().states).toEqual({ running: 2 }));
  reported.length = 0;
  world.configure(yaml.replace('text: "1"', 'text: "2"'));
  await agent.reloadFile();
  await until(() => expect(reported.length).toBeGreaterThan(0));
});

test('nothing is reported twice, and a source that throws is told of', async () => {
  fault = new Error('it broke');
  await start();
  await until(() => expect(world.logged.join()).toContain('cannot report: it broke'));
  fault = undefined;
  world.put('plain', new Error('away'));
  await until(() => expect(last().sources.plain!.state).toBe('degraded'));
  const texts = reported.map(({ report }) => JSON.stringify(report));
  expect(new Set(texts).size).toBe(texts.length);
});
