import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTopic, kafkaClient, uniqueTopic, waitForCount } from './servers/index.ts';
import { describeWith } from './servers/require.ts';
import { pipeline, pipelineFile, temporaryFolder } from './support/agent.ts';
import { arrivals, replicatedTopics } from './support/cluster.ts';
import { asWritten, Load } from './support/load.ts';
import { allow, secureKafka, user } from './support/secure-kafka.ts';
import { rounds } from './support/soak.ts';

/** In ms; only catches hangs. */
const deadline = 120_000;
/** In ms; the second is longer than it takes until lanes count as stuck. */
const phases = { alone: rounds(4_000, 30_000), beginning: rounds(9_000, 60_000), later: rounds(5_000, 60_000) };
/** To the topic that works. */
const linesPerSecond = 5_000;
/** Lines of each of four files per bad topic: in all, more than the agent may hold in memory. */
const backlog = 30_000;

describeWith(['kafka'], 'a topic without leader, one without permission and one that is missing', () => {
  const secure = secureKafka({ nodes: 3 });

  it('leave the sources of another topic their rate, and get all their lines in the end', {
    timeout: 3_600_000,
  }, async () => {
    const { server, scram } = secure();
    const last = server.nodes[2]!;
    const [good, closed] = (await replicatedTopics(server, ['good', 'closed'])) as [string, string];
    const [leaderless, missing] = [uniqueTopic('leaderless'), uniqueTopic('missing')];
    await allow(server.brokers, 'other', closed);
    const admin = kafkaClient(server.brokers).admin();
    await admin.connect();
    const replicaAssignment = [{ partition: 0, replicas: [last.id] }];
    await admin.createTopics({ topics: [{ topic: leaderless, replicaAssignment }], waitForLeaders: false });
    await admin.disconnect();
    await last.server.kill('SIGTERM');

    const here = temporaryFolder();
    const topics = { good, leaderless, closed, missing };
    const inputs = Object.entries(topics).map(
      ([name, topic]) => `  ${name}: { type: file-tail, paths: ./${name}-*.log, attributes: { topic: ${topic} } }`,
    );
    const file = pipelineFile(
      here,
      `
inputs:
${inputs.join('\n')}
outputs: { kafka: { type: kafka, topic: "{{ topic }}", key: "{{ name }}", ${scram} } }`,
    );
    const loads = Object.keys(topics).map(
      (name) =>
        new Load(
          here,
          Array.from({ length: 4 }, (_, n) => `${name}-${n}`),
        ),
    );
    const [healthy, ...bad] = loads as [Load, Load, Load, Load];
    const delivered = () => waitForCount(server.brokers, good, 0, deadline);
    /** Of the lines that are written in this time, the share that is delivered by its end. */
    const share = async (name: string, milliseconds: number) => {
      const [written, before] = [healthy.total, await delivered()];
      const seconds: number[] = [];
      for (let last = before; seconds.length < milliseconds / 1000; last += seconds.at(-1)!) {
        await setTimeout(1_000);
        seconds.push((await delivered()) - last);
      }
      const [lines, arrived] = [healthy.total - written, seconds.reduce((sum, count) => sum + count)];
      console.log(`${name}: ${arrived} of ${lines} lines; by the second ${seconds.join(' ')}`);
      return Math.min(1, arrived / lines);
    };

    const agent = pipeline('run', file);
    healthy.start(linesPerSecond);
    // It has started, and it has caught up.
    await waitForCount(server.brokers, good, 1, deadline);
    await waitForCount(server.brokers, good, healthy.total, deadline);
    const control = await share('without bad topics', phases.alone);
    const start = share('bad topics get lines', phases.beginning);
    for (const [load, name] of bad.flatMap((load) => load.names.map((name) => [load, name] as const))) {
      load.append(name, backlog);
      await setTimeout(50);
    }
    const first = await start;
    for (const load of bad) load.start(linesPerSecond / 5);
    for (const code of ['FORBIDDEN', 'TOPIC_MISSING', 'FAILED.*no leader'])
      await agent.printed(new RegExp(`LC_OUTPUT_${code}`));
    const later = await share('bad topics are stuck', phases.later);
    healthy.stop();
    for (const load of bad) load.stop();
    expect(first / control).toBeGreaterThan(0.9);
    expect(later / control).toBeGreaterThan(0.9);

    await last.server.restart();
    await allow(server.brokers, user.name, closed);
    await createTopic(server.brokers, missing, 2, { replicationFactor: 3 });
    for (const [n, topic] of Object.values(topics).entries()) {
      await waitForCount(server.brokers, topic, loads[n]!.total, deadline);
    }
    await agent.stop();
    expect(await arrivals(server.brokers, Object.values(topics), loads)).toEqual(asWritten);
  });
});
