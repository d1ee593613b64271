/**
 * Real servers for whoever needs them: end-to-end tests, benchmarks, `pnpm services`. Tests of a vitest project with
 * `global-setup.ts` share one Kafka and one etcd: see `require.ts`, which is apart because it imports vitest.
 */
export { type Chromium, chromium } from './chromium.ts';
export {
  consumeAll,
  createTopic,
  flat,
  type TopicContent,
  uniqueTopic,
  waitForCount,
  waitForRecords,
  waitInSync,
} from './consume.ts';
export { type EtcdServer, startEtcd } from './etcd.ts';
export { type Kafka, type KafkaOptions, startKafka } from './kafka.ts';
export { kafkaClient } from './kafkajs.ts';
export { type Logrotate, logrotate } from './logrotate.ts';
export { Unavailable } from './process.ts';
