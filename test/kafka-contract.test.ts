import { outputContract } from '@logcatch/testing';
import { afterAll, beforeAll, it } from 'vitest';
import kafka from '../plugins/output-kafka/src/index.ts';
import { consumeAll, createTopic, flat, startKafka, uniqueTopic } from './servers/index.ts';
import { describeWith } from './servers/require.ts';

/** Larger than the topics of this test take. */
const tooLarge = 'x'.repeat(300_000);

describeWith(['kafka'], 'the Kafka output keeps the output contract on a real broker', () => {
  let server: Awaited<ReturnType<typeof startKafka>>;
  beforeAll(async () => {
    server = await startKafka({ own: true });
  });
  afterAll(() => server?.stop());

  const suite = outputContract(async () => {
    const topic = uniqueTopic('contract');
    await createTopic(server.brokers, topic, 1, { configs: { 'max.message.bytes': '200000' } });
    const options = kafka.definition.options.parse({ brokers: server.brokers, topic });
    return {
      create: (context) => kafka.definition.create(options, context),
      written: async () => flat(await consumeAll(server.brokers, topic)).map(({ value }) => value!.toString()),
      fail: () => server.kill(),
      heal: () => server.restart(),
      refused: tooLarge,
    };
  });
  for (const { name, run } of suite) it(name, run);
});
