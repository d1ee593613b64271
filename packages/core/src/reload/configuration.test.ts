import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type ConfigSourceContext, defineConfigSource, z } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scene, until } from '../fixtures/scene.ts';

const yaml = `
config: { list: { type: remote, key: list } }
inputs:
  app: { type: memory, each: "\${list}", id: "\${each.name}", streams: ["\${each.name}"], attributes: { team: "\${each.team:-}" } }
outputs: { out: { type: memory } }
`;

const scene = new Scene();
const running = () => scene.world.agent!.pipeline.inputs.map(({ id }) => id).sort();
const untilRunning = (...ids: string[]) => until(() => expect(running()).toEqual(ids.map((id) => `app/${id}`)));
const source = () => scene.world.agent!.configuration.sources[0]!;
const entries = (...names: string[]) => JSON.stringify(names.map((name) => ({ name })));

test('a source makes inputs, and its changes are applied while it runs', async () => {
  scene.world.put('list', entries('a'));
  scene.world.add('a', 'from a');
  scene.world.add('b', 'from b');
  await scene.world.start(yaml);
  await untilRunning('a');
  await until(() => expect(scene.world.written.get('out')).toEqual(['from a']));
  scene.world.put('list', entries('a', 'b'));
  await until(() => expect(scene.world.written.get('out')).toEqual(['from a', 'from b']));
  scene.world.put('list', '[]');
  await untilRunning();
  expect(scene.world.created.get('out')).toBe(1);
});

test.each([
  ['not JSON', '{ no', 'not JSON'],
  ['the wrong shape', '"text"', 'a list or a map'],
  ['one bad entry', '[{ "name": "a" }, { "nam": "b" }]', '[1]'],
  ['two entries with one id', '[{ "name": "a" }, { "name": "a" }]', 'both have the id'],
  ['absent', undefined, 'there is no key list'],
  ['an error', new Error('no network'), 'no network'],
])('a bad value (%s) is reported and changes nothing, and a good one makes it well', async (_name, bad, says) => {
  scene.world.put('list', entries('a'));
  await scene.world.start(yaml);
  await untilRunning('a');
  scene.world.put('list', bad);
  await until(() => expect(source()).toMatchObject({ state: 'degraded', reason: expect.stringContaining(says) }));
  expect(running()).toEqual(['app/a']);
  scene.world.put('list', entries('a', 'c'));
  await untilRunning('a', 'c');
  await until(() => expect(source()).toMatchObject({ state: 'running', reason: '' }));
});

test('without a value only what depends on it waits', async () => {
  scene.world.add('own', 'line');
  await scene.world.start(`${yaml}`.replace('inputs:', 'inputs:\n  other: { type: memory, streams: [own] }'));
  await until(() => expect(scene.world.written.get('out')).toEqual(['line']));
  expect(scene.world.agent!.pipeline.desired.waiting).toMatchObject([{ kind: 'input', id: 'app', sources: ['list'] }]);
  scene.world.put('list', entries('a'));
  await until(() => expect(running()).toEqual(['app/a', 'other']));
});

test('what leads to a component that waits, waits too: its records must not pass for delivered', async () => {
  scene.world.add('own', 'line');
  await scene.world.start(`
config: { target: { type: remote, key: target } }
inputs: { other: { type: memory, streams: [own] } }
outputs: { out: { type: memory }, second: { type: memory, tag: "\${target.tag}" } }`);
  expect(scene.world.agent!.pipeline.desired.waiting.map(({ id }) => id).sort()).toEqual(['other', 'second']);
  scene.world.put('target', '{ "tag": "x" }');
  await until(() => expect(scene.world.written.get('second')).toEqual(['xline']));
});

test('the last good value goes on after a restart without the source', async () => {
  scene.world.put('list', entries('a'));
  const first = await scene.world.start(yaml);
  await untilRunning('a');
  await first.stop();
  scene.world.put('list', new Error('no network'));
  await scene.world.start(yaml);
  await untilRunning('a');
  // Also when it was asked in vain once more.
  for (const why of ['no network', 'no route']) {
    scene.world.put('list', new Error(why));
    await until(() =>
      expect(source()).toMatchObject({
        state: 'degraded',
        reason: expect.stringMatching(new RegExp(`${why}.*last good value goes on`, 'i')),
      }),
    );
  }
  scene.world.put('list', entries('b'));
  await untilRunning('b');
});

test('a value that was seen again counts as that fresh', async () => {
  scene.world.put('list', entries('a'));
  const agent = await scene.world.start(yaml);
  const seen = source().loadedAt!;
  await until(() => {
    agent.configuration.refresh();
    expect(source().loadedAt).toBeGreaterThan(seen);
  });
  const { loadedAt } = source();
  await agent.stop();
  const database = new DatabaseSync(join(agent.pipeline.desired.dataDir, 'state.db'), { readOnly: true });
  expect(Number(database.prepare('SELECT at FROM good_values').get()!.at)).toBeGreaterThanOrEqual(loadedAt!);
  database.close();
});

test('a refused value that is seen again after a failure is refused, not unreachable', async () => {
  scene.world.put('list', entries('a'));
  await scene.world.start(yaml);
  await untilRunning('a');
  scene.world.put('list', '[{ "nam": "b" }]');
  await until(() => expect(source().reason).toContain('is refused'));
  scene.world.put('list', new Error('no network'));
  await until(() => expect(source().reason).toContain('no network'));
  scene.world.put('list', '[{ "nam": "b" }]');
  await until(() => expect(source()).toMatchObject({ reason: expect.stringContaining('is refused') }));
  scene.world.put('list', entries('a'));
  await until(() => expect(source()).toMatchObject({ state: 'running', reason: '', code: undefined }));
});

test('a source that is well again by itself does not hide that its value is refused', async () => {
  let context: ConfigSourceContext | undefined;
  let text = '["a"]';
  const engine = scene.world.engine();
  engine.use(
    defineConfigSource({
      type: 'talker',
      description: 'Says how it is.',
      options: z.strictObject({}),
      create: (_options, ctx) => {
        context = ctx;
        return {
          start: async () => {},
          load: async () => ({ document: { text, format: 'json', label: 'here' } }),
          stop: async () => {},
        };
      },
    }),
  );
  await scene.world.start(yaml.replace('type: remote, key: list', 'type: talker').replaceAll('each.name', 'each'), {
    engine,
  });
  text = '[{ "no": "text" }]';
  context!.changed();
  await until(() => expect(source().reason).toContain('its newest value is refused'));
  context!.degraded('another agent has our name');
  context!.degraded(null);
  expect(source()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('its newest value is refused') });
});

test('a source may use those above it', async () => {
  scene.world.put('where', '{ "key": "one" }');
  scene.world.put('one', entries('a'));
  scene.world.put('two', entries('b'));
  await scene.world.start(
    yaml.replace(
      '{ list: { type: remote, key: list } }',
      '{ where: { type: memory, key: where }, list: { type: remote, key: "${where.key}" } }',
    ),
  );
  await untilRunning('a');
  scene.world.put('where', '{ "key": "two" }');
  await untilRunning('b');
});

test('a bad file does not hold up a good value, nor the other way round', async () => {
  scene.world.put('list', entries('a'));
  const agent = await scene.world.start(yaml);
  scene.world.configure(yaml.replace('outputs:', 'output:'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
  scene.world.put('list', entries('b'));
  await untilRunning('b');
  scene.world.put('list', '{ no');
  scene.world.configure(yaml.replace('{ out:', '{ more: { type: memory }, out:'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { add: ['more'] } });
});

test('a file and a value that need each other are applied together', async () => {
  scene.world.put('list', entries('a'));
  const agent = await scene.world.start(yaml);
  scene.world.configure(yaml.replaceAll('each.name', 'each.called'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
  scene.world.put('list', '[{ "called": "z" }]');
  await untilRunning('z');
});

test('a value and a file that need each other do not wait for another value that is bad', async () => {
  scene.world.put('list', entries('a'));
  scene.world.put('other', '["x"]');
  const three = yaml
    .replace('key: list } }', 'key: list }, other: { type: remote, key: other } }')
    .replace('inputs:', 'inputs:\n  more: { type: memory, each: "${other}", id: "${each}", streams: ["${each}"] }');
  const agent = await scene.world.start(three);
  scene.world.put('other', '[{ "no": "text" }]');
  scene.world.put('list', '[{ "called": "z" }]');
  await until(() => expect(agent.configuration.changed.toSorted()).toEqual(['list', 'other']));
  scene.world.configure(three.replaceAll('each.name', 'each.called'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
  await until(() => expect(running()).toEqual(['app/z', 'more/x']));
  await until(() => expect(agent.configuration.sources[1]).toMatchObject({ name: 'other', state: 'degraded' }));
});

test('a remote source cannot choose code', async () => {
  scene.world.put('list', '[{ "name": "a", "type": "memory" }]');
  await expect(scene.world.start(yaml.replace('type: memory, each', 'type: "${each.type}", each'))).rejects.toThrow(
    'LC_CONFIG_UNTRUSTED',
  );
});

test('more entries than max_entries are refused', async () => {
  scene.world.put('list', entries('a', 'b', 'c'));
  await scene.world.start(yaml.replace('key: list', 'key: list, max_entries: 2'));
  await until(() => expect(source().reason).toContain('3 entries, more than max_entries (2)'));
  expect(running()).toEqual([]);
});

test('a value that comes while another is being applied is applied after it, also when it is the old one', async () => {
  scene.world.put('list', entries('a'));
  scene.world.add('a', 'line');
  scene.world.hanging.add('out');
  await scene.world.start(`shutdown_timeout: 300ms${yaml}`);
  await until(() => expect([...scene.world.agent!.pipeline.inputs[0]!.sources][0]?.unsettled).toBe(1));
  for (const next of [['b'], ['a'], ['c']]) {
    scene.world.put('list', entries(...next));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await untilRunning('c');
  scene.world.put('list', entries('d'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  scene.world.put('list', entries('c'));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await untilRunning('c');
  expect(source()).toMatchObject({ state: 'running' });
});

test('a refused value that is deleted does not come back', async () => {
  scene.world.put('list', entries('a'));
  const agent = await scene.world.start(yaml);
  scene.world.put('list', '[{ "called": "z" }]');
  await until(() => expect(source().state).toBe('degraded'));
  scene.world.put('list', undefined);
  await until(() => expect(source().reason).toContain('there is no key'));
  scene.world.configure(yaml.replaceAll('each.name', 'each.called'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
  expect(running()).toEqual(['app/a']);
});

test('no message quotes a value that cannot be parsed', async () => {
  scene.world.put('list', '[{ "name": "a", "password": hunter2 }]');
  await scene.world.start(yaml);
  await until(() => expect(source().reason).toMatch(/key list\S* LC_SOURCE_BAD it is not JSON.*in double quotes/));
  expect(source().reason + scene.world.logged.join()).not.toContain('hunter2');
});

test('a value of another shape than was meant is named by its place, not the file that uses it', async () => {
  scene.world.put('list', '{ "name": "a", "team": "x" }');
  await scene.world.start(yaml);
  await until(() =>
    expect(source().reason).toContain('${each.name} names nothing in any of the 2 entries of key list'),
  );
});

test('what leads from a remote value is not trusted either', async () => {
  scene.world.put('where', '{ "key": "list" }');
  scene.world.put('list', '[{ "name": "a", "type": "memory" }]');
  const chained = yaml
    .replace(
      '{ list: { type: remote, key: list } }',
      '{ where: { type: remote, key: where }, list: { type: memory, key: "${where.key}" } }',
    )
    .replace('type: memory, each', 'type: "${each.type}", each');
  await expect(scene.world.start(chained)).rejects.toThrow('LC_CONFIG_UNTRUSTED');
});

test('the last good value of another key is not used', async () => {
  scene.world.put('list', entries('a'));
  await (await scene.world.start(yaml)).stop();
  await scene.world.start(yaml.replace('key: list', 'key: other'));
  expect(running()).toEqual([]);
});

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
const badValue = fc.constantFrom('{ no', '"text"', '[{ "nam": 1 }]', undefined, new Error('away'));

test('property: what runs is always the last valid value', { timeout: 120_000 }, async () => {
  scene.world.put('list', '[]');
  await scene.world.start(yaml);
  let good: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.oneof(names, badValue), async (next) => {
      if (Array.isArray(next)) {
        scene.world.put('list', entries(...next));
        good = next.toSorted();
        await untilRunning(...good);
        await until(() => expect(source().state).toBe('running'));
      } else {
        scene.world.put('list', next);
        await until(() => expect(source().state).toBe('degraded'));
        expect(running()).toEqual(good.map((id) => `app/${id}`));
      }
    }),
    { numRuns: 60 },
  );
});

test('property: after a burst of values, good and bad, what runs is the valid one it ends with', {
  timeout: 120_000,
}, async () => {
  scene.world.put('list', '[]');
  await scene.world.start(yaml);
  const burst = fc.array(
    fc.oneof(
      names.map((list) => entries(...list)),
      badValue,
    ),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(burst, names, fc.integer({ min: 0, max: 15 }), async (values, last, gap) => {
      for (const value of values) {
        scene.world.put('list', value);
        await new Promise((resolve) => setTimeout(resolve, gap));
      }
      scene.world.put('list', entries(...last));
      await untilRunning(...last.toSorted());
    }),
    { numRuns: 40 },
  );
});
