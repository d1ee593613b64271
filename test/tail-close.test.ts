import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { consumeAll, createTopic, flat, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith } from './servers/require.ts';
import { pipelineFile, startAgent, temporaryFolder } from './support/agent.ts';
import { openIn, untilOpen } from './support/handles.ts';
import { ownKafka } from './support/own-server.ts';
import { exact, Logs } from './support/rotation.ts';

describeWith(['kafka'], 'files that are closed', () => {
  const own = ownKafka();

  it('for inactivity while Kafka is away: what was written before and after is there when it is back', async () => {
    const server = own();
    const folder = temporaryFolder();
    const place = join(folder, 'logs');
    const topic = uniqueTopic('close');
    await createTopic(server.brokers, topic, 1);
    const lines: string[] = [];
    const logs = new Logs(place, () => lines);
    const file = pipelineFile(
      folder,
      `
inputs: { app: { type: file-tail, paths: ./logs/*.log, close_inactive: 300ms, close_renamed: 300ms, close_removed: 300ms } }
outputs: { kafka: { type: kafka, brokers: "${server.brokers.join(',')}", topic: ${topic} } }`,
    );
    const agent = await startAgent(file);
    logs.write('quiet.log', 1);
    await waitForRecords(server.brokers, topic, 1);
    await untilOpen(agent.pid, place, []);

    await server.kill('SIGTERM');
    for (const name of ['quiet.log', 'app.log', 'renamed.log', 'deleted.log']) logs.write(name, 5_000);
    await untilOpen(
      agent.pid,
      place,
      ['quiet.log', 'app.log', 'renamed.log', 'deleted.log'].map((name) => logs.path(name)),
    );
    logs.rename('renamed.log', 'renamed.log.1');
    logs.remove('deleted.log');
    // Longer than any of them stays open without a reason.
    await setTimeout(2_000);
    // What is not delivered may have to be read again, and only a handle leads to these.
    expect(openIn(agent.pid, place)).toBe(4);
    logs.write('app.log', 8);
    logs.write('renamed.log.1', 8);
    await server.restart();
    await waitForRecords(server.brokers, topic, 1 + 20_000 + 16);
    await vi.waitFor(() => expect(openIn(agent.pid, place)).toBe(0), { timeout: 60_000, interval: 50 });
    logs.write('app.log', 8);
    await waitForRecords(server.brokers, topic, 1 + 20_000 + 24);
    await agent.stop();
    for (const { value } of flat(await consumeAll(server.brokers, topic))) lines.push(value!.toString());
    expect(logs.verdict()).toEqual(exact);
  });
});
