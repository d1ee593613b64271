import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compressions } from '../plugins/output-kafka/src/compression.ts';
import { createTopic, uniqueTopic } from './servers/index.ts';
import { kafkaTool } from './servers/kafka-install.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';

describeWith(['kafka'], 'Kafka’s own consumer reads', () => {
  it.each(compressions)('what was compressed with %s', async (compression) => {
    const { brokers } = kafka();
    const folder = temporaryFolder();
    const topic = uniqueTopic(compression);
    await createTopic(brokers, topic);
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i} ${'ä line of a log '.repeat(i % 20)}\n`).join('');
    writeFileSync(join(folder, 'app.log'), lines);
    const file = pipelineFile(
      folder,
      `inputs: { app: { type: file-tail, paths: ${join(folder, 'app.log')} } }
outputs: { out: { type: kafka, brokers: [${brokers}], topic: ${topic}, compression: ${compression} } }`,
    );
    expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0 });
    const what = ['--bootstrap-server', brokers.join(), '--topic', topic, '--from-beginning'];
    const read = await kafkaTool(
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      [...what, '--max-messages', '20000', '--timeout-ms', '30000'],
      folder,
    );
    expect(read === lines).toBe(true);
  });
});
