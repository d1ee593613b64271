import type { TestProject } from 'vitest/node';
import { startEtcd } from './etcd.ts';
import { startKafka } from './kafka.ts';
import { Unavailable } from './process.ts';
import './require.ts'; // for the types of what is provided

/**
 * Vitest's globalSetup: one Kafka and one etcd for the whole run, stopped and removed at its end. Where a server can't
 * be had on this machine, its tests are skipped and the reason is printed; with CI=true that is a failure, so that a
 * green CI run always means that the tests on real servers ran. Anything else that goes wrong fails everywhere.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = performance.now();
  const [kafka, etcd] = await Promise.allSettled([startKafka(), startEtcd()]);
  const teardown = async () => {
    await Promise.all([kafka, etcd].map((server) => server.status === 'fulfilled' && server.value.stop()));
  };
  try {
    const kafkaMissing = missing(kafka);
    const etcdMissing = missing(etcd);
    project.provide('kafkaMissing', kafkaMissing);
    project.provide('etcdMissing', etcdMissing);
    project.provide('kafkaBrokers', kafka.status === 'fulfilled' ? kafka.value.brokers : []);
    project.provide('kafkaVersion', kafka.status === 'fulfilled' ? kafka.value.version : '');
    project.provide('etcdEndpoints', etcd.status === 'fulfilled' ? etcd.value.endpoints : []);
    project.provide('etcdVersion', etcd.status === 'fulfilled' ? etcd.value.version : '');
    const kafkaLine = kafka.status === 'fulfilled' ? `${kafka.value.version} at ${kafka.value.brokers}` : 'MISSING';
    const etcdLine = etcd.status === 'fulfilled' ? `${etcd.value.version} at ${etcd.value.endpoints}` : 'MISSING';
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`Servers for the tests: Kafka ${kafkaLine}, etcd ${etcdLine} (${seconds} s)\n`);
    for (const why of [kafkaMissing, etcdMissing]) {
      if (why !== undefined) process.stdout.write(`\n!!! SKIPPING the tests that need it: ${why}\n\n`);
    }
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

/** Why a server can't be had, if that may be passed over; throws otherwise. */
function missing(server: PromiseSettledResult<unknown>): string | undefined {
  if (server.status === 'fulfilled') return undefined;
  const reason: unknown = server.reason;
  if (!(reason instanceof Unavailable) || process.env.CI === 'true') throw reason;
  return reason.message;
}
