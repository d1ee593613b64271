import { appendFileSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { consumeAll, createTopic, flat, type Kafka, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith, etcd } from './servers/require.ts';
import { PipelineProcess, pipelineFile, temporaryFolder } from './support/agent.ts';
import { EtcdKey } from './support/etcd.ts';
import { handlesOf, untilOpen } from './support/handles.ts';
import { listedFiles } from './support/listed-files.ts';
import { compare, Load, linesByFile } from './support/load.ts';
import { ownKafka } from './support/own-server.ts';
import { startProxy } from './support/proxy.ts';

const deadline = 120_000;
const shutdownTimeout = 2_000;
/** What a reload may take. The second one is for a busy machine and for noticing the file. */
const bound = shutdownTimeout + 2_000 + 1_000;

/** @throws what the agent printed, when it takes too long */
async function within(agent: PipelineProcess, what: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const limit = setTimeout(30_000, undefined, { signal: late.signal }).then(() => {
    throw new Error(`not within 30 s. The agent printed:\n${agent.stderr}`);
  });
  await Promise.race([what, limit]).finally(() => late.abort());
}

describeWith(['kafka', 'etcd'], 'a reload while Kafka does not answer', () => {
  const own = ownKafka();

  /** Three files under load; lines of all are on their way when Kafka stops answering. */
  async function setUp() {
    const server = own();
    const folder = realpathSync(temporaryFolder());
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    const load = new Load(logs, ['stays', 'retagged', 'removed']);
    const topics = [uniqueTopic('reload'), uniqueTopic('reload')];
    for (const topic of topics) await createTopic(server.brokers, topic, 2);
    const list = new EtcdKey(etcd().endpoints[0]!);
    const yaml = (options = '') =>
      `shutdown_timeout: ${shutdownTimeout}ms${listedFiles({ list, logs, brokers: server.brokers, options })}`;
    const put = (...entries: [id: string, topic: number][]) =>
      list.put(entries.map(([id, topic]) => ({ id, path: load.path(id), topic: topics[topic] })));
    const file = pipelineFile(folder, yaml());
    for (const name of load.names) load.append(name, 10);
    await put(['stays', 0], ['retagged', 0], ['removed', 0]);
    const agent = new PipelineProcess(['run', file]);
    await within(agent, agent.printed(/logcatch \d\S* runs /));
    load.start(5_000);
    await waitForRecords(server.brokers, topics[0]!, 1_000, deadline);
    return { server, agent, folder, logs, load, topics, put, yaml };
  }

  type SetUp = Awaited<ReturnType<typeof setUp>>;

  /** Makes a change and waits until the agent says that it is applied. */
  async function applied(what: string, { agent }: SetUp, change: () => unknown, says: RegExp): Promise<void> {
    const from = performance.now();
    await change();
    await within(agent, agent.printed(says));
    const took = performance.now() - from;
    console.log(`${what}: applied after ${took.toFixed(0)} ms`);
    expect(took).toBeLessThan(bound);
  }

  /** Every line, once Kafka answers again and all files are in the list. Returns how many were repeated of each file. */
  async function everyLine({ server, agent, load, topics, put }: SetUp): Promise<Record<string, number>> {
    await put(['stays', 0], ['retagged', 1], ['removed', 0]);
    await setTimeout(500);
    load.stop();
    const deliveries = async () => {
      const arrived = await linesByFile(server.brokers, topics);
      return load.names.map((name) => [name, compare(load.lines(name), arrived.get(name) ?? [])] as const);
    };
    await expect
      .poll(async () => (await deliveries()).map(([, { missing }]) => missing), { timeout: deadline, interval: 200 })
      .toEqual([0, 0, 0]);
    await agent.stop();
    return Object.fromEntries((await deliveries()).map(([name, { repeated }]) => [name, repeated]));
  }

  const faults = [
    ['hangs', (server: Kafka) => server.pause(), (server: Kafka) => server.resume()],
    ['is away', (server: Kafka) => server.kill(), (server: Kafka) => server.restart()],
  ] as const;
  for (const [fault, begin, end] of faults) {
    it(`${fault}: inputs added, removed and retagged, and a changed output, are so in time; every line arrives`, async () => {
      const [listed, output] = await Promise.all([setUp(), setUp()]);
      await begin(own());
      // Whether it has been noticed by then must not matter.
      await setTimeout(Math.random() * 2_000);
      await Promise.all([changeList(listed, fault), changeOutput(output, fault)]);
      await end(own());
      const [list, rebuilt] = await Promise.all([everyLine(listed), everyLine(output)]);
      console.log(`${fault}: repeated ${JSON.stringify({ list, output: rebuilt })}`);
      expect(list).toMatchObject({ stays: 0, retagged: 0 });
    });
  }

  async function changeList(world: SetUp, fault: string): Promise<void> {
    const { agent, logs, load, put } = world;
    const before = handlesOf(agent.pid, logs).get(load.path('stays'));
    await applied(
      `${fault}, list`,
      world,
      () => put(['stays', 0], ['retagged', 1]),
      /applied \(collect\): new attributes for app\/retagged; remove app\/removed/,
    );
    await untilOpen(
      agent.pid,
      logs,
      ['stays', 'retagged'].map((name) => load.path(name)),
    );
    expect(handlesOf(agent.pid, logs).get(load.path('stays'))).toBe(before);
  }

  async function changeOutput(world: SetUp, fault: string): Promise<void> {
    const { folder, yaml } = world;
    await applied(
      `${fault}, output`,
      world,
      () => pipelineFile(folder, yaml(', linger: 7ms')),
      /applied \(the file\): restart kafka/,
    );
  }

  it('an output changed to where nobody listens is refused, and taken by itself once somebody does', async () => {
    const folder = temporaryFolder();
    const log = join(folder, 'a.log');
    const server = own();
    const topic = uniqueTopic('reload');
    await createTopic(server.brokers, topic, 1);
    const proxy = await startProxy(`http://${server.brokers[0]}`);
    proxy.close();
    const yaml = (brokers: string) => `
inputs: { app: { type: file-tail, paths: ${log} } }
outputs: { kafka: { type: kafka, brokers: "${brokers}", topic: ${topic} } }`;
    appendFileSync(log, 'before\n');
    const agent = new PipelineProcess(['run', pipelineFile(folder, yaml(server.brokers[0]!))]);
    await within(agent, waitForRecords(server.brokers, topic, 1, deadline));
    pipelineFile(folder, yaml(new URL(proxy.url).host));
    await within(agent, agent.printed(/change 1 refused \(the file\); what ran before goes on/));
    appendFileSync(log, 'meanwhile\n');
    await within(agent, waitForRecords(server.brokers, topic, 2, deadline));
    proxy.open();
    await within(agent, agent.printed(/change 2 applied \(the file\): restart kafka/));
    appendFileSync(log, 'after\n');
    await within(agent, waitForRecords(server.brokers, topic, 3, deadline));
    expect(flat(await consumeAll(server.brokers, topic)).map(({ value }) => value!.toString())).toEqual([
      'before',
      'meanwhile',
      'after',
    ]);
    await agent.stop();
  });
});
