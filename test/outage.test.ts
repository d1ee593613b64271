import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consumeAll, createTopic, startKafka, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith } from './servers/require.ts';
import { PipelineProcess, pipeline, pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';
import { compare, Load, MemoryWatch, valuesByKey } from './support/load.ts';
import { rounds } from './support/soak.ts';

const deadline = 120_000;
/** MB of its own: with the node executable, as far as that is mapped, 150. */
const mostMemory = 100;

/** Fewer where it lasts longer: the test itself holds all lines in memory to compare them. */
const linesPerSecond = rounds(20_000, 3_000);

describeWith(['kafka'], 'Kafka away', () => {
  let server: Awaited<ReturnType<typeof startKafka>>;
  beforeAll(async () => {
    server = await startKafka({ own: true });
  });
  afterAll(() => server?.stop());

  function setUp(topic: string, extra = '') {
    const folder = temporaryFolder();
    const file = pipelineFile(
      folder,
      `${extra}
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs:
  kafka: { type: kafka, brokers: "${server.brokers.join(',')}", topic: ${topic}, key: "{{ name }}" }`,
    );
    return { folder, file };
  }

  it('stopped under load and started again: nothing lost, in order, memory bounded', {
    timeout: 3_600_000,
  }, async () => {
    const topic = uniqueTopic('outage');
    await createTopic(server.brokers, topic, 4);
    const { folder, file } = setUp(topic);
    // As on a machine where it has run before: running TypeScript from source for the first time loads a compiler.
    await runPipeline('run', file, '--once');
    const load = new Load(folder, ['a', 'b', 'c', 'd']);
    for (const name of load.names) load.append(name, 1);
    // As its user runs it: overwriting free buffers, as tests do, makes memory resident that is never used.
    const agent = new PipelineProcess(['run', file], { env: { NODE_ENV: 'production' } });
    await agent.printed('logcatch');
    const watch = new MemoryWatch(agent.pid);
    load.start(linesPerSecond);
    await setTimeout(3_000);
    await server.kill('SIGTERM');
    await setTimeout(rounds(20_000, 600_000));
    await server.restart();
    await setTimeout(3_000);
    load.stop();
    await waitForRecords(server.brokers, topic, load.total, deadline * rounds(1, 5));
    const { own, resident } = watch.stop();
    console.log(`outage: ${load.total} lines, peak RSS ${resident.toFixed(0)} MB, ${own.toFixed(0)} of them its own`);
    agent.kill('SIGTERM');
    expect(await agent.exited).toBe(0);
    const values = valuesByKey(await consumeAll(server.brokers, topic));
    for (const name of load.names) {
      expect(compare(load.lines(name), values.get(`${name}.log`)!)).toEqual({ missing: 0, repeated: 0, reordered: 0 });
    }
    expect(own).toBeLessThan(mostMemory);
  });

  it('at start: waits visibly, and goes on when it comes', async () => {
    const topic = uniqueTopic('late');
    await createTopic(server.brokers, topic, 2);
    const { folder, file } = setUp(topic);
    const load = new Load(folder, ['a']);
    load.append('a', 100);
    await server.kill('SIGTERM');
    const agent = pipeline('run', file);
    await agent.printed('LC_OUTPUT_UNREACHABLE');
    await server.restart();
    await waitForRecords(server.brokers, topic, 100, deadline);
    agent.kill('SIGTERM');
    expect(await agent.exited).toBe(0);
  });

  it('SIGTERM while it is away ends within the bound, says what is left, and the next run completes', async () => {
    const topic = uniqueTopic('left');
    await createTopic(server.brokers, topic, 2);
    const { folder, file } = setUp(topic, 'shutdown_timeout: 2s');
    const load = new Load(folder, ['a']);
    load.append('a', 1_000);
    const agent = pipeline('run', file);
    await waitForRecords(server.brokers, topic, 1_000, deadline);
    await server.kill('SIGTERM');
    load.append('a', 1_000);
    await agent.printed(/not (be )?reach|unreachable|LC_OUTPUT/i);
    await setTimeout(1_000);
    agent.kill('SIGTERM');
    const from = Date.now();
    expect(await agent.exited).toBe(0);
    // The bound is shutdown_timeout; the rest is for a busy machine.
    expect(Date.now() - from).toBeLessThan(10_000);
    expect(agent.stderr).toMatch(/a\.log has \d+ bytes that were read and not delivered; it resumes at byte \d+/);
    await server.restart();
    expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0 });
    const values = valuesByKey(await consumeAll(server.brokers, topic));
    expect(compare(load.lines('a'), values.get('a.log')!)).toMatchObject({ missing: 0, reordered: 0 });
  });
});
