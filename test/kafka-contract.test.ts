import { outputContract } from '@logcatch/testing';
import { it } from 'vitest';
import kafka from '../plugins/output-kafka/src/index.ts';
import { consumeAll, createTopic, flat, uniqueTopic } from './servers/index.ts';
import { describeWith } from './servers/require.ts';
import { ownKafka } from './support/own-server.ts';

/** Larger than the topics of this test take. */
const tooLarge = 'x'.repeat(300_000);

describeWith(['kafka'], 'the Kafka output keeps the output contract on a real broker', () => {
  const own = ownKafka();
  const suite = outputContract(async () => {
    const server = own();
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
