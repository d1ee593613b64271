/**
 * Real servers for whoever needs them: end-to-end tests, benchmarks, `pnpm services`. Tests of a vitest project with
 * `global-setup.ts` share one Kafka and one etcd: see `require.ts`, which is apart because it imports vitest.
 */
export { cacheDir } from './cache.ts';
export {
  type ConsumedRecord,
  consumeAll,
  createTopic,
  flat,
  type Isolation,
  type TopicContent,
  uniqueTopic,
  waitForRecords,
  waitInSync,
} from './consume.ts';
export { type EtcdOptions, type EtcdServer, startEtcd } from './etcd.ts';
export { type Kafka, type KafkaNode, type KafkaOptions, startKafka } from './kafka.ts';
export { kafkaClient } from './kafkajs.ts';
export { Unavailable } from './process.ts';
