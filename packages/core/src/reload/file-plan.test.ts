import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { World } from '../fixtures/memory.ts';

const yaml = `
config: { list: { type: remote, key: list } }
inputs:
  app: { type: memory, streams: [a], attributes: { team: x } }
  each: { type: memory, each: "\${list}", id: "\${each.name}", streams: ["\${each.name}"] }
outputs: { out: { type: memory } }
`;

let world: World;
beforeEach(() => {
  world = new World();
  world.put('list', '[{ "name": "one" }]');
});
afterEach(() => world.clean());

async function planned(change: (yaml: string) => string) {
  const agent = await world.start(yaml);
  await vi.waitFor(() => expect(agent.pipeline.inputs).toHaveLength(2));
  world.configure(change(yaml));
  const before = agent.pipeline.desired;
  const plan = await agent.planFile();
  expect(agent.pipeline.desired).toBe(before);
  expect(agent.changes.count).toBe(0);
  return plan;
}

test('nothing', async () => {
  expect(await planned((text) => `# more\n${text}`)).toEqual({ result: 'unchanged', refused: [] });
});

test('components', async () => {
  const plan = await planned((text) =>
    text
      .replace('team: x', 'team: y')
      .replace('out: { type: memory }', 'out: { type: memory, tag: t }')
      .replace('  each:', '  other:'),
  );
  expect(plan).toMatchObject({
    result: 'changes',
    plan: { add: ['other/one'], change: ['out'], retag: ['app'], remove: ['each/one'] },
    renamed: [{ id: 'other/one', before: 'each/one' }],
    waiting: [],
  });
});

test('sources, settings, and what would begin to wait', async () => {
  const plan = await planned((text) =>
    `shutdown_timeout: 1s\n${text}`
      .replace('key: list }', 'key: other }, more: { type: remote, key: more }')
      .replace('  app:', '  new: { type: memory, each: "${more}", streams: [x] }\n  app:'),
  );
  expect(plan).toMatchObject({
    result: 'changes',
    plan: {
      add: [],
      remove: [],
      sources: { add: ['more'], change: ['list'], remove: [] },
      settings: ['shutdown_timeout'],
    },
    waiting: [{ id: 'new', sources: ['more'] }],
  });
});

test.each([
  ['an unknown key', (text: string) => text.replace('streams: [a]', 'stream: [a]'), 'LC_CONFIG_UNKNOWN_KEY'],
  ['broken YAML', (text: string) => text.replace('{ out:', '{{ out:'), 'LC_CONFIG_SYNTAX'],
  ['what needs a restart', (text: string) => `name: other\n${text}`, 'LC_CONFIG_NEEDS_RESTART'],
])('errors: %s', async (_name, change, code) => {
  expect(await planned(change)).toMatchObject({
    result: 'refused',
    errors: expect.arrayContaining([expect.stringContaining(code)]),
  });
});

test('a newest value that is refused is told, whatever the file says', async () => {
  const agent = await world.start(yaml);
  world.put('list', '[{ "nam": "one" }]');
  await vi.waitFor(() => expect(agent.configuration.sources[0]!.state).toBe('degraded'));
  expect(await agent.planFile()).toMatchObject({
    result: 'unchanged',
    refused: expect.arrayContaining([expect.stringMatching(/key list.* LC_CONFIG_UNKNOWN_NAME .*each\.name/)]),
  });
});

test('a file that needs a value which is refused without it', async () => {
  const agent = await world.start(yaml);
  await vi.waitFor(() => expect(agent.pipeline.inputs).toHaveLength(2));
  world.put('list', '[{ "name": "one", "tag": "t" }, { "nam": "two" }]');
  await vi.waitFor(() => expect(agent.configuration.sources[0]!.state).toBe('degraded'));
  world.configure(yaml.replaceAll('each.name', 'each.name:-two'));
  expect(await agent.planFile()).toMatchObject({ result: 'changes', plan: { add: ['each/two'] } });
});
