import { appendFileSync, cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { consumeAll, createTopic, flat, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith, etcd, kafka } from './servers/require.ts';
import { repository, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { EtcdKey } from './support/etcd.ts';
import { untilOpen } from './support/handles.ts';
import { asWritten, compare, Load } from './support/load.ts';

const deadline = 120_000;

/** Lines of 200 bytes with their end. */
class LongLines extends Load {
  override line(name: string, number: number): string {
    return `${name} ${number} `.padEnd(199, 'abcdefghij ');
  }
}

/** The files of `pipelines/`, with servers, key and topics of our own in config.ini. */
async function setUp({ names, topics, own = '' }: { names: string[]; topics: string[]; own?: string }) {
  const { brokers } = kafka();
  const folder = realpathSync(temporaryFolder());
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const load = new LongLines(logs, names);
  const list = new EtcdKey(etcd().endpoints[0]!);
  const fallback = uniqueTopic('fallback');
  const named = topics.map((topic) => uniqueTopic(topic));
  for (const topic of [fallback, ...named]) await createTopic(brokers, topic, 2);
  cpSync(join(repository, 'pipelines/log-agent.yaml'), join(folder, 'log-agent.yaml'));
  const configure = (topic: string, path: string) =>
    writeFileSync(
      join(folder, 'config.ini'),
      `[kafka]
address = ${brokers.join(',')}
topic = ${topic}
chan_size = 500
[collect]
logfile_path = ${path}
[etcd]
address = ${etcd().endpoints.join(',')}
collect_key = ${list.key}
`,
    );
  configure(fallback, own && load.path(own));
  const values = async (topic: string) => flat(await consumeAll(brokers, topic)).map(({ value }) => value!.toString());
  const file = join(folder, 'log-agent.yaml');
  return { brokers, file, logs, load, list, fallback, topics: named, values, configure };
}

/** Waits until an agent knows where in these files it begins. That is so a little after it has opened them. */
async function untilFollowed(file: string, ...paths: string[]): Promise<void> {
  const followed = async () => (await statusOf(file)).components.flatMap(({ input }) => input?.sources ?? []);
  await expect
    .poll(async () => (await followed()).map(({ path }) => path), { timeout: deadline })
    .toEqual(expect.arrayContaining(paths));
}

describeWith(['kafka', 'etcd'], 'log-agent', () => {
  it('ships 200,000 lines written while it runs to two topics, all once and in order, without what is blank', async () => {
    const { brokers, file, load, list, fallback, topics, values } = await setUp({
      names: ['a', 'b'],
      topics: ['own'],
    });
    // What is there already is not read: it starts at the end.
    for (const name of load.names) load.append(name, 10);
    await list.put([{ path: load.path('a'), topic: topics[0] }, { path: load.path('b') }]);
    const agent = await startAgent(file, ['--log-level', 'debug']);
    for (let step = 0; step < 200; step++) {
      for (const name of load.names) {
        load.append(name, 500);
        appendFileSync(load.path(name), '\n \t \n');
      }
      await setTimeout(10);
    }
    for (const topic of [topics[0]!, fallback]) await waitForRecords(brokers, topic, 100_000, deadline);
    await agent.stop();
    expect(compare(load.lines('a').slice(10), await values(topics[0]!))).toEqual(asWritten);
    expect(compare(load.lines('b').slice(10), await values(fallback))).toEqual(asWritten);
    // Never more than chan_size on their way.
    const written = [...agent.stderr.matchAll(/"records":(\d+)/g)].map(([, records]) => Number(records));
    expect(written.length).toBeGreaterThan(0);
    expect(Math.max(...written)).toBeLessThanOrEqual(500);
  });

  it('takes a new list without restart: added, removed, another topic, a path that does not exist yet', async () => {
    const { brokers, file, load, list, fallback, topics, values } = await setUp({
      names: ['a', 'b', 'added', 'late'],
      topics: ['first', 'second'],
    });
    const [first, second] = topics as [string, string];
    for (const name of ['a', 'b', 'added']) load.append(name, 5);
    await list.put([{ path: load.path('a'), topic: first }, { path: load.path('b') }]);
    const agent = await startAgent(file);
    for (const name of ['a', 'b']) load.append(name, 10);
    await waitForRecords(brokers, first, 10, deadline);
    await waitForRecords(brokers, fallback, 10, deadline);

    await list.put([
      { path: load.path('a'), topic: second },
      { path: load.path('added'), topic: first },
      { path: load.path('late') },
    ]);
    await agent.printed(/configuration change 1 applied \(collect\): add .*; new attributes for .*; remove /);
    await untilFollowed(file, load.path('a'), load.path('added'));
    for (const name of load.names) load.append(name, 10);
    await waitForRecords(brokers, second, 10, deadline);
    await waitForRecords(brokers, first, 20, deadline);
    await waitForRecords(brokers, fallback, 20, deadline);
    expect(await values(second)).toEqual(load.lines('a').slice(15));
    expect(new Set(await values(first))).toEqual(
      new Set([...load.lines('a').slice(5, 15), ...load.lines('added').slice(5)]),
    );
    // Of the removed one nothing after its removal; the one that came late from its beginning.
    expect(new Set(await values(fallback))).toEqual(new Set([...load.lines('b').slice(5, 15), ...load.lines('late')]));

    // What was removed goes on where it was.
    await list.put([{ path: load.path('b'), topic: second }]);
    await waitForRecords(brokers, second, 20, deadline);
    expect((await values(second)).filter((line) => line.startsWith('b '))).toEqual(load.lines('b').slice(15));
    await agent.stop();
  });

  it('refuses bad lists with key and revision, and nothing changes; [] removes all', async () => {
    const { brokers, file, logs, load, list, topics, values } = await setUp({
      names: ['a', 'b'],
      topics: ['good'],
    });
    const [topic] = topics as [string];
    const good = [{ path: load.path('a'), topic }];
    for (const name of load.names) load.append(name, 1);
    await list.put(good);
    const agent = await startAgent(file);
    await untilOpen(agent.pid, logs, [load.path('a')]);
    const bad: [string, unknown][] = [
      ['not JSON', '[{"path": '],
      ['empty', ''],
      ['a text', '"text"'],
      ['a number', 5],
      ['a map', { path: load.path('b') }],
      ['one entry without path', [...good, { topic }]],
      ['one entry that is no map', [...good, 7]],
      ['one path of the wrong type', [...good, { path: { file: load.path('b') } }]],
      ['one topic of the wrong type', [...good, { path: load.path('b'), topic: ['x'] }]],
      ['one path twice', [...good, ...good]],
    ];
    let arrived = 0;
    const goesOn = async () => {
      load.append('a', 10);
      load.append('b', 10);
      arrived += 10;
      await waitForRecords(brokers, topic, arrived, deadline);
    };
    await goesOn();
    for (const [what, value] of bad) {
      const revision = await list.put(value);
      // Printed as the origin of what is wrong.
      await agent.printed(`etcd key ${list.key}, revision ${revision}`).catch((error) => {
        throw new Error(`${what} is not reported`, { cause: error });
      });
      await goesOn();
    }
    const revision = await list.remove();
    await agent.printed(new RegExp(`etcd key ${list.key} is not there .*store revision ${revision}`));
    await goesOn();
    expect(agent.stderr).not.toMatch(/configuration change \d+ applied/);
    await untilOpen(agent.pid, logs, [load.path('a')]);
    expect(await values(topic)).toEqual(load.lines('a').slice(1));

    await list.put('[]');
    await agent.printed(/configuration change \d+ applied \(collect\): remove /);
    await untilOpen(agent.pid, logs, []);
    load.append('a', 10);
    await list.put(good);
    await waitForRecords(brokers, topic, arrived + 10, deadline);
    expect(await values(topic)).toEqual(load.lines('a').slice(1));
    await agent.stop();
  });

  it('reads logfile_path too, also while the list is not there, and takes a changed config.ini', async () => {
    const { brokers, file, logs, load, list, fallback, topics, values, configure } = await setUp({
      names: ['own', 'a'],
      topics: ['other'],
      own: 'own',
    });
    for (const name of load.names) load.append(name, 1);
    const agent = await startAgent(file);
    load.append('own', 10);
    await waitForRecords(brokers, fallback, 10, deadline);
    expect(agent.stderr).toContain('waits for a value of collect');
    await list.put([{ path: load.path('a') }]);
    await untilFollowed(file, load.path('own'), load.path('a'));
    load.append('a', 10);
    await waitForRecords(brokers, fallback, 20, deadline);

    configure(topics[0]!, '');
    await agent.printed(/configuration change 2 applied \(agent\): new attributes for .*; remove own\//);
    await untilOpen(agent.pid, logs, [load.path('a')]);
    for (const name of load.names) load.append(name, 10);
    await waitForRecords(brokers, topics[0]!, 10, deadline);
    await agent.stop();
    expect(await values(topics[0]!)).toEqual(load.lines('a').slice(11));
    expect(new Set(await values(fallback))).toEqual(
      new Set([...load.lines('own').slice(1, 11), ...load.lines('a').slice(1, 11)]),
    );
  });
});
