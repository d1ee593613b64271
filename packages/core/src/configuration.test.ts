import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { World } from './fixtures/memory.ts';

const yaml = `
config: { list: { type: remote, key: list } }
inputs:
  app: { type: memory, each: "\${list}", id: "\${each.name}", streams: ["\${each.name}"], attributes: { team: "\${each.team:-}" } }
outputs: { out: { type: memory } }
`;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.clean());

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000, interval: 5 });
const running = () => world.agent!.pipeline.inputs.map(({ id }) => id).sort();
const untilRunning = (...ids: string[]) => until(() => expect(running()).toEqual(ids.map((id) => `app/${id}`)));
const source = () => world.agent!.configuration.sources[0]!;
const entries = (...names: string[]) => JSON.stringify(names.map((name) => ({ name })));

test('a source makes inputs, and its changes are applied while it runs', async () => {
  world.put('list', entries('a'));
  world.add('a', 'from a');
  world.add('b', 'from b');
  await world.start(yaml);
  await untilRunning('a');
  await until(() => expect(world.written.get('out')).toEqual(['from a']));
  world.put('list', entries('a', 'b'));
  await until(() => expect(world.written.get('out')).toEqual(['from a', 'from b']));
  world.put('list', '[]');
  await untilRunning();
  expect(world.created.get('out')).toBe(1);
});

test.each([
  ['not JSON', '{ no', 'not JSON'],
  ['the wrong shape', '"text"', 'a list or a map'],
  ['one bad entry', '[{ "name": "a" }, { "nam": "b" }]', '[1]'],
  ['two entries with one id', '[{ "name": "a" }, { "name": "a" }]', 'both have the id'],
  ['absent', undefined, 'there is no key list'],
  ['an error', new Error('no network'), 'no network'],
])('a bad value (%s) is reported and changes nothing, and a good one makes it well', async (_name, bad, says) => {
  world.put('list', entries('a'));
  await world.start(yaml);
  await untilRunning('a');
  world.put('list', bad);
  await until(() => expect(source()).toMatchObject({ state: 'degraded', reason: expect.stringContaining(says) }));
  expect(running()).toEqual(['app/a']);
  world.put('list', entries('a', 'c'));
  await untilRunning('a', 'c');
  await until(() => expect(source()).toMatchObject({ state: 'running', reason: '' }));
});

test('without a value only what depends on it waits', async () => {
  world.add('own', 'line');
  await world.start(`${yaml}`.replace('inputs:', 'inputs:\n  other: { type: memory, streams: [own] }'));
  await until(() => expect(world.written.get('out')).toEqual(['line']));
  expect(world.agent!.pipeline.desired.waiting).toMatchObject([{ kind: 'input', id: 'app', sources: ['list'] }]);
  world.put('list', entries('a'));
  await until(() => expect(running()).toEqual(['app/a', 'other']));
});

test('what leads to a component that waits, waits too: its records must not pass for delivered', async () => {
  world.add('own', 'line');
  await world.start(`
config: { target: { type: remote, key: target } }
inputs: { other: { type: memory, streams: [own] } }
outputs: { out: { type: memory }, second: { type: memory, tag: "\${target.tag}" } }`);
  expect(world.agent!.pipeline.desired.waiting.map(({ id }) => id).sort()).toEqual(['other', 'second']);
  world.put('target', '{ "tag": "x" }');
  await until(() => expect(world.written.get('second')).toEqual(['xline']));
});

test('the last good value goes on after a restart without the source', async () => {
  world.put('list', entries('a'));
  const first = await world.start(yaml);
  await untilRunning('a');
  await first.stop();
  world.put('list', new Error('no network'));
  await world.start(yaml);
  await untilRunning('a');
  expect(source()).toMatchObject({
    state: 'degraded',
    reason: expect.stringMatching(/no network.*last good value goes on/i),
  });
  world.put('list', entries('b'));
  await untilRunning('b');
});

test('a source may use those above it', async () => {
  world.put('where', '{ "key": "one" }');
  world.put('one', entries('a'));
  world.put('two', entries('b'));
  await world.start(
    yaml.replace(
      '{ list: { type: remote, key: list } }',
      '{ where: { type: memory, key: where }, list: { type: remote, key: "${where.key}" } }',
    ),
  );
  await untilRunning('a');
  world.put('where', '{ "key": "two" }');
  await untilRunning('b');
});

test('a bad file does not hold up a good value, nor the other way round', async () => {
  world.put('list', entries('a'));
  const agent = await world.start(yaml);
  world.configure(yaml.replace('outputs:', 'output:'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
  world.put('list', entries('b'));
  await untilRunning('b');
  world.put('list', '{ no');
  world.configure(yaml.replace('{ out:', '{ more: { type: memory }, out:'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'applied', plan: { add: ['more'] } });
});

test('a file and a value that need each other are applied together', async () => {
  world.put('list', entries('a'));
  const agent = await world.start(yaml);
  world.configure(yaml.replaceAll('each.name', 'each.called'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
  world.put('list', '[{ "called": "z" }]');
  await untilRunning('z');
});

test('a remote source cannot choose code', async () => {
  world.put('list', '[{ "name": "a", "type": "memory" }]');
  await expect(world.start(yaml.replace('type: memory, each', 'type: "${each.type}", each'))).rejects.toThrow(
    'LC_CONFIG_UNTRUSTED',
  );
});

test('more entries than max_entries are refused', async () => {
  world.put('list', entries('a', 'b', 'c'));
  await world.start(yaml.replace('key: list', 'key: list, max_entries: 2'));
  await until(() => expect(source().reason).toContain('3 entries, more than max_entries (2)'));
  expect(running()).toEqual([]);
});

test('a value that comes while another is being applied is applied after it, also when it is the old one', async () => {
  world.put('list', entries('a'));
  world.add('a', 'line');
  world.hanging.add('out');
  await world.start(`shutdown_timeout: 300ms${yaml}`);
  await until(() => expect([...world.agent!.pipeline.inputs[0]!.sources][0]?.unsettled).toBe(1));
  for (const next of [['b'], ['a'], ['c']]) {
    world.put('list', entries(...next));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await untilRunning('c');
  world.put('list', entries('d'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  world.put('list', entries('c'));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await untilRunning('c');
  expect(source()).toMatchObject({ state: 'running' });
});

test('a refused value that is deleted does not come back', async () => {
  world.put('list', entries('a'));
  const agent = await world.start(yaml);
  world.put('list', '[{ "called": "z" }]');
  await until(() => expect(source().state).toBe('degraded'));
  world.put('list', undefined);
  await until(() => expect(source().reason).toContain('there is no key'));
  world.configure(yaml.replaceAll('each.name', 'each.called'));
  expect(await agent.reloadFile()).toMatchObject({ result: 'refused' });
  expect(running()).toEqual(['app/a']);
});

test('no message quotes a value that cannot be parsed', async () => {
  world.put('list', '[{ "name": "a", "password": hunter2 }]');
  await world.start(yaml);
  await until(() => expect(source().reason).toMatch(/key list\S* LC_SOURCE_BAD it is not JSON/));
  expect(source().reason + world.logged.join()).not.toContain('hunter2');
});

test('what leads from a remote value is not trusted either', async () => {
  world.put('where', '{ "key": "list" }');
  world.put('list', '[{ "name": "a", "type": "memory" }]');
  const chained = yaml
    .replace(
      '{ list: { type: remote, key: list } }',
      '{ where: { type: remote, key: where }, list: { type: memory, key: "${where.key}" } }',
    )
    .replace('type: memory, each', 'type: "${each.type}", each');
  await expect(world.start(chained)).rejects.toThrow('LC_CONFIG_UNTRUSTED');
});

test('the last good value of another key is not used', async () => {
  world.put('list', entries('a'));
  await (await world.start(yaml)).stop();
  await world.start(yaml.replace('key: list', 'key: other'));
  expect(running()).toEqual([]);
});

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
const badValue = fc.constantFrom('{ no', '"text"', '[{ "nam": 1 }]', undefined, new Error('away'));

test('property: what runs is always the last valid value', { timeout: 120_000 }, async () => {
  world.put('list', '[]');
  await world.start(yaml);
  let good: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.oneof(names, badValue), async (next) => {
      if (Array.isArray(next)) {
        world.put('list', entries(...next));
        good = next.toSorted();
        await untilRunning(...good);
        await until(() => expect(source().state).toBe('running'));
      } else {
        world.put('list', next);
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
  world.put('list', '[]');
  await world.start(yaml);
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
        world.put('list', value);
        await new Promise((resolve) => setTimeout(resolve, gap));
      }
      world.put('list', entries(...last));
      await untilRunning(...last.toSorted());
    }),
    { numRuns: 40 },
  );
});
