import { defineOutput } from '@logcatch/plugin-api';
import { diagnose } from './diagnosis.ts';
import { options } from './options.ts';
import { KafkaOutput } from './output.ts';
import { preview } from './preview.ts';

export default defineOutput({
  type: 'kafka',
  description: 'Writes records to Kafka topics, idempotent and in order per partition.',
  options,
  login: { login: 'sasl', servers: 'brokers', authority: 'tls.ca', protection: ['tls', 'sasl.mechanism'] },
  transactional: ({ delivery }) => delivery === 'exactly-once',
  concurrency: Number.POSITIVE_INFINITY,
  summarize: ({ brokers, topic }) => `topic ${topic.text} on ${brokers.join(', ')}`,
  preview,
  diagnose,
  create: (parsed, context) => new KafkaOutput(parsed, context),
});
