import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { consumeAll, createTopic, uniqueTopic, waitForCount } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipelineFile, runPipeline, startAgent, temporaryFolder } from './support/agent.ts';
import { compare, Load, valuesByKey } from './support/load.ts';
import { rounds } from './support/soak.ts';

/** In ms; only catches hangs. */
const deadline = 120_000;
/** Bytes of a source's window: the most that a kill can repeat of it. */
const sourceWindow = 4 << 20;

describeWith(['kafka'], 'kill -9 under load', () => {
  it('loses nothing, and repeats at most the window of each source', { timeout: 3_600_000 }, async () => {
    const kills = rounds(5, 30);
    const { brokers } = kafka();
    const folder = temporaryFolder();
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    const topic = uniqueTopic('crash');
    await createTopic(brokers, topic, 4);
    const yaml = pipelineFile(
      folder,
      `
inputs: { app: { type: file-tail, paths: ./logs/*.log } }
outputs:
  kafka: { type: kafka, brokers: "${brokers.join(',')}", topic: ${topic}, key: "{{ name }}" }`,
    );
    const load = new Load(logs, ['a', 'b', 'c', 'd']);
    for (const name of load.names) load.append(name, 1);
    load.start(20_000);
    let withUnsettled = 0;
    for (let kill = 0; kill < kills; kill++) {
      const before = await waitForCount(brokers, topic, 0, deadline);
      const agent = await startAgent(yaml);
      await waitForCount(brokers, topic, before + 1, deadline);
      await setTimeout(Math.random() * 1_500);
      await agent.crash();
      if (await unsettled(folder, brokers, topic)) withUnsettled++;
    }
    load.stop();
    expect(await runPipeline('run', yaml, '--once')).toMatchObject({ code: 0 });

    const values = valuesByKey(await consumeAll(brokers, topic));
    let repeated = 0;
    for (const name of load.names) {
      const delivery = compare(load.lines(name), values.get(`${name}.log`)!);
      expect(delivery).toMatchObject({ missing: 0, reordered: 0 });
      expect(delivery.repeated * 100).toBeLessThanOrEqual(kills * sourceWindow);
      repeated += delivery.repeated;
    }
    console.log(
      `${kills} kills, ${withUnsettled} with unsettled records; ${load.total} lines, ${repeated} repeated, none lost`,
    );
    expect(withUnsettled).toBeGreaterThanOrEqual(Math.floor(kills * 0.6));
  });
});

/** Whether Kafka has records of a file beyond its stored position: written, and not yet settled when the kill came. */
async function unsettled(folder: string, brokers: string[], topic: string): Promise<boolean> {
  const database = new DatabaseSync(join(folder, '.logcatch/test/state.db'), { readOnly: true });
  const rows = database.prepare('SELECT path, position FROM sources').all();
  database.close();
  const values = valuesByKey(await consumeAll(brokers, topic));
  return rows.some(({ path, position }) => {
    const lines = new Set(values.get(String(path).split('/').at(-1)!));
    const bytes = [...lines].reduce((sum, line) => sum + line.length + 1, 0);
    return bytes > Number(position);
  });
}
