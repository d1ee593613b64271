import { setTimeout } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { createTopic, startKafka, waitForRecords, waitInSync } from './servers/index.ts';
import { freePort } from './servers/process.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipeline, runPipeline, statusOf } from './support/agent.ts';
import { ExactlyOnce } from './support/exactly-once.ts';
import { type Moment, type requests, startKafkaProxy } from './support/kafka-proxy.ts';
import { linesByFile } from './support/load.ts';
import { pick, seededRandom } from './support/random.ts';
import { rounds } from './support/soak.ts';

/** Of the soak. */
const kills = 100;
const hour = 3_600_000;

/** Where the agent is killed: at the n-th of these requests after its start. */
const aims: readonly (readonly [request: keyof typeof requests, moment: Moment, count: number])[] = [
  ['addPartitionsToTxn', 'answered', 3], // before the first produce
  ['produce', 'before', 12],
  ['endTxn', 'before', 1],
  ['produce', 'sent', 11],
  // While it recovers from that, with the transaction still open.
  ['initProducerId', 'before', 1],
  ['produce', 'answered', 10],
  ['initProducerId', 'sent', 1],
  ['produce', 'answered', 1],
  ['endTxn', 'before', 3],
  ['fetch', 'before', 1],
  ['endTxn', 'sent', 2],
  ['endTxn', 'answered', 2],
];

describeWith(['kafka'], 'exactly once', () => {
  it('each line is there once, wherever in a transaction the agent is killed', { timeout: hour }, async () => {
    const port = await freePort();
    const front = await freePort();
    const proxy = await startKafkaProxy(front, port);
    const server = await startKafka({ port, config: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${front}` } });
    try {
      const place = new ExactlyOnce(server.brokers);
      await place.createTopic();
      const file = place.pipeline();
      place.load.start(20_000);
      let open = 0;
      let killed = 0;
      for (let round = 0; round < rounds(1, 10); round++) {
        for (const [request, moment, count] of aims) {
          const agent = pipeline('run', file);
          const caught = proxy.trap(request, moment, count, () => agent.kill('SIGKILL'));
          await Promise.race([caught, agent.exited]);
          expect(await agent.exited, agent.stderr).toBe('SIGKILL');
          killed++;
          if (await place.isOpen()) open++;
          place.rename(place.load.names[killed % place.load.names.length]!);
        }
      }
      place.load.stop();
      const { code, stderr } = await runPipeline('run', file, '--once');
      expect(code, stderr).toBe(0);
      const repeated = await place.check();
      await place.checkByKafka();
      console.log(`${killed} kills, ${open} in an open transaction; ${place.load.total} lines, ${repeated} given up`);
      // Half of them, as the soak shows; of a dozen chance decides.
      expect(open).toBeGreaterThanOrEqual(killed / rounds(3, 2));
      expect(repeated).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  });

  it.runIf(process.env.SOAK)(
    'each line is there once, whenever the agent is killed, while brokers come and go',
    {
      timeout: hour,
    },
    async () => {
      const cluster = await startKafka({ own: true, nodes: 3 });
      try {
        const place = new ExactlyOnce(cluster.brokers);
        await place.createTopic(3);
        const file = place.pipeline();
        place.load.start(20_000);
        const { random, seed } = seededRandom();
        let open = 0;
        for (let kill = 0; kill < kills; kill++) {
          const agent = pipeline('run', file);
          await agent.printed('logcatch');
          await setTimeout(300 + 1_500 * random());
          if (kill % 2 === 0) await place.freezeOpen(agent);
          agent.kill('SIGKILL');
          await agent.exited;
          if (await place.isOpen()) open++;
          place.rename(pick(place.load.names, random));
          if (kill % 10 < 9) continue;
          const running = pipeline('run', file);
          const { server } = pick(cluster.nodes, random);
          await server.kill(random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
          await setTimeout(3_000 * random());
          await server.restart();
          running.kill('SIGKILL');
          await running.exited;
          await waitInSync(cluster.brokers, [place.topic]);
        }
        place.load.stop();
        const { code, stderr } = await runPipeline('run', file, '--once', '--timeout', '10m');
        expect(code, stderr).toBe(0);
        const repeated = await place.check();
        await place.checkByKafka();
        console.log(
          `${kills} kills, ${open} in an open transaction; ${place.load.total} lines, ${repeated} given up; seed ${seed}`,
        );
        expect(open * 2).toBeGreaterThanOrEqual(kills);
      } finally {
        await cluster.stop();
      }
    },
  );

  it('a second agent with the same id shuts out the first, which says so and ends', { timeout: hour }, async () => {
    const { brokers } = kafka();
    const place = new ExactlyOnce(brokers);
    await place.createTopic();
    const first = pipeline('run', place.pipeline());
    place.load.start(5_000);
    await place.seen(1_000);
    const copy = place.pipeline({ dataDir: 'copy' });
    let second = pipeline('run', copy);
    expect(await first.exited).toBe(1);
    expect(first.stderr).toContain('LC_OUTPUT_FENCED');
    expect(first.stderr).toContain('agent_id');
    const seen = place.seen(place.load.total);
    seen.catch(() => {}); // whoever waits is told
    // Where both take over in one moment both stop, as docs/delivery.md says: the next start goes on.
    const stopped = await Promise.race([seen.then(() => false), second.exited.then(() => true)]);
    if (stopped) {
      expect(second.stderr).toContain('LC_OUTPUT_FENCED');
      second = pipeline('run', copy);
    }
    await place.seen(place.load.total);
    place.load.stop();
    await place.seen(place.load.total);
    second.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    await place.check();
  });

  it('an agent that was frozen for longer than a transaction may take goes on', { timeout: hour }, async () => {
    const { brokers } = kafka();
    const place = new ExactlyOnce(brokers);
    await place.createTopic();
    const agent = pipeline('run', place.pipeline({ timeout: '2s' }));
    place.load.start(10_000);
    await place.seen(1_000);
    await place.freezeOpen(agent);
    while (await place.isOpen()) await setTimeout(100);
    agent.kill('SIGCONT');
    place.load.stop();
    await place.seen(place.load.total);
    agent.kill('SIGTERM');
    expect(await agent.exited).toBe(0);
    expect(await place.check()).toBeGreaterThan(0);
  });

  it('a topic that is missing holds up its own file: the others make no transaction void', {
    timeout: hour,
  }, async () => {
    const { brokers } = kafka();
    const place = new ExactlyOnce(brokers);
    await place.createTopic();
    const file = place.pipeline();
    const agent = pipeline('run', file);
    const shipped = async () => {
      const { total } = place.load;
      place.load.start(5_000);
      await place.seen(total + 5_000);
      place.load.stop();
      await place.seen(place.load.total);
      return place.check();
    };
    const astray = Array.from({ length: 100 }, (_, number) => `astray ${number}`);
    // In the middle of a transaction of the others.
    place.load.start(5_000);
    await place.seen(1_000);
    place.astray(astray);
    await agent.printed('LC_OUTPUT_TOPIC_MISSING');
    const stuck = async () => {
      const { components } = await statusOf(file);
      expect(components.find(({ id }) => id === 'kafka')).toMatchObject({
        state: 'stuck',
        reason: expect.stringContaining(place.missing),
      });
    };
    await vi.waitFor(stuck, { timeout: 60_000, interval: 200 });
    place.load.stop();
    const repeated = await shipped();
    expect(await shipped()).toBe(repeated);
    await createTopic(brokers, place.missing, 4);
    await waitForRecords(brokers, place.missing, astray.length, 120_000);
    await agent.stop();
    expect(await linesByFile(brokers, [place.missing])).toEqual(new Map([['astray', astray]]));
  });

  it('files that are renamed and a configuration that changes while it does not run', { timeout: hour }, async () => {
    const { brokers } = kafka();
    const place = new ExactlyOnce(brokers);
    await place.createTopic();
    place.load.start(10_000);
    for (const options of ['linger: 20ms', 'batch_bytes: 64KiB', 'compression: gzip', 'in_flight: 5']) {
      const agent = pipeline('run', place.pipeline({ options }));
      await place.seen(place.load.total);
      agent.kill('SIGKILL');
      await agent.exited;
      for (const name of place.load.names.slice(0, 3)) place.rename(name);
    }
    place.load.stop();
    expect(await runPipeline('run', place.pipeline(), '--once')).toMatchObject({ code: 0 });
    await place.check();
  });
});
