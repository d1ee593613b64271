import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { consumeAll, createTopic, uniqueTopic, waitForCount } from './servers/index.ts';
import { describeWith } from './servers/require.ts';
import { pipeline, pipelineFile, runPipeline, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { asWritten, compare, Load, MemoryWatch, valuesByKey } from './support/load.ts';
import { ownKafka } from './support/own-server.ts';
import { rounds } from './support/soak.ts';

const deadline = 120_000;
/** MB of its own: with the node executable, as far as that is mapped, 150. */
const mostMemory = 100;

/** Fewer where it lasts longer: the test itself holds all lines in memory to compare them. */
const linesPerSecond = rounds(20_000, 3_000);
/** Lines of each of four files that come in one blow meanwhile: together more than the agent may hold. */
const backlog = 100_000;

describeWith(['kafka'], 'Kafka away', () => {
  const own = ownKafka();

  async function setUp(prefix: string, extra = '') {
    const server = own();
    const topic = uniqueTopic(prefix);
    await createTopic(server.brokers, topic, 4);
    const folder = temporaryFolder();
    const file = pipelineFile(
      folder,
      `${extra}
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs:
  kafka: { type: kafka, brokers: "${server.brokers.join(',')}", topic: ${topic}, key: "{{ name }}" }`,
    );
    return { server, topic, folder, file };
  }

  it('stopped under load and started again: nothing lost, in order, memory bounded', {
    timeout: 3_600_000,
  }, async () => {
    const { server, topic, folder, file } = await setUp('outage');
    // As on a machine where it has run before: running TypeScript from source for the first time loads a compiler.
    await runPipeline('run', file, '--once');
    const load = new Load(folder, ['a', 'b', 'c', 'd']);
    for (const name of load.names) load.append(name, 1);
    // As its user runs it: overwriting free buffers, as tests do, makes memory resident that is never used.
    const agent = await startAgent(file, [], { env: { NODE_ENV: 'production' } });
    const watch = new MemoryWatch(agent.pid);
    load.start(linesPerSecond);
    await waitForCount(server.brokers, topic, linesPerSecond, deadline);
    await server.kill('SIGTERM');
    for (const name of load.names) load.append(name, backlog);
    // Longer than it takes until lanes count as stuck.
    await setTimeout(rounds(8_000, 600_000));
    await server.restart();
    await setTimeout(1_000);
    load.stop();
    await waitForCount(server.brokers, topic, load.total, deadline * rounds(1, 5));
    const { own, resident } = watch.stop();
    console.log(`outage: ${load.total} lines, peak RSS ${resident.toFixed(0)} MB, ${own.toFixed(0)} of them its own`);
    await agent.stop();
    const values = valuesByKey(await consumeAll(server.brokers, topic));
    for (const name of load.names) {
      expect(compare(load.lines(name), values.get(`${name}.log`)!)).toEqual(asWritten);
    }
    expect(own).toBeLessThan(mostMemory);
  });

  it('at start: waits visibly, and goes on when it comes', async () => {
    const { server, topic, folder, file } = await setUp('late');
    const load = new Load(folder, ['a']);
    load.append('a', 100);
    await server.kill('SIGTERM');
    const agent = pipeline('run', file);
    await agent.printed('LC_OUTPUT_UNREACHABLE');
    await server.restart();
    await waitForCount(server.brokers, topic, 100, deadline);
    await agent.stop();
  });

  it('SIGTERM while it is away ends within the bound, says what is left, and the next run completes', async () => {
    const { server, topic, folder, file } = await setUp('left', 'shutdown_timeout: 2s');
    const load = new Load(folder, ['a']);
    load.append('a', 1_000);
    const agent = pipeline('run', file);
    await waitForCount(server.brokers, topic, 1_000, deadline);
    await server.kill('SIGTERM');
    load.append('a', 1_000);
    await agent.printed(/not (be )?reach|unreachable|LC_OUTPUT/i);
    const unsettled = async () => (await statusOf(file)).components.find(({ id }) => id === 'app')!.input!.unsettled;
    await expect.poll(unsettled, { timeout: deadline, interval: 50 }).toBeGreaterThan(0);
    agent.kill('SIGTERM');
    const from = Date.now();
    expect(await agent.exited).toBe(0);
    // The bound is shutdown_timeout; the rest is for a busy machine.
    expect(Date.now() - from).toBeLessThan(10_000);
    expect(agent.stderr).toMatch(/a\.log: \d+ bytes are not delivered, [1-9]\d* of them read; it resumes at byte \d+/);
    await server.restart();
    expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0 });
    const values = valuesByKey(await consumeAll(server.brokers, topic));
    expect(compare(load.lines('a'), values.get('a.log')!)).toMatchObject({ missing: 0, reordered: 0 });
  });
});
