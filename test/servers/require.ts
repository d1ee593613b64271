import { describe, inject } from 'vitest';

/** What global-setup.ts gives to the tests. Empty lists and versions where a server is missing. */
export interface SharedServers {
  kafkaBrokers: string[];
  kafkaVersion: string;
  etcdEndpoints: string[];
  etcdVersion: string;
  /** Why a server can't be had here; undefined where it can. */
  kafkaMissing: string | undefined;
  etcdMissing: string | undefined;
}

declare module 'vitest' {
  export interface ProvidedContext extends SharedServers {}
}

export type ServerName = 'kafka' | 'etcd';

/**
 * `describe` for tests on the shared servers: skipped, with the reason in the name, where one can't be had on this
 * machine. (With CI=true the run has failed before.)
 *
 *     describeWith(['kafka', 'etcd'], 'log-agent', () => { it('ships', async () => { const { brokers } = kafka(); … }) })
 */
export function describeWith(needed: ServerName[], name: string, body: () => void): void {
  const missing = needed.flatMap((server) => why(server) ?? []);
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} (skipped: ${missing.map((text) => text.split('\n')[0]).join(' ')})`, body);
}

/** The Kafka of this test run. Use topics of your own on it (uniqueTopic); start your own to break it. */
export function kafka(): { brokers: string[]; version: string } {
  const missing = why('kafka');
  if (missing !== undefined) throw new Error(`This test needs describeWith(['kafka'], …): ${missing}`);
  return { brokers: inject('kafkaBrokers'), version: inject('kafkaVersion') };
}

/** The etcd of this test run. Use a key prefix of your own on it; start your own to break it. */
export function etcd(): { endpoints: string[]; version: string } {
  const missing = why('etcd');
  if (missing !== undefined) throw new Error(`This test needs describeWith(['etcd'], …): ${missing}`);
  return { endpoints: inject('etcdEndpoints'), version: inject('etcdVersion') };
}

function why(server: ServerName): string | undefined {
  // Vitest gives undefined for what nobody provided, whatever the type says.
  const provided: string[] | undefined = inject(server === 'kafka' ? 'kafkaBrokers' : 'etcdEndpoints');
  if (provided === undefined) {
    throw new Error("This vitest project starts no servers: add test/servers/global-setup.ts to its 'globalSetup'.");
  }
  return inject(server === 'kafka' ? 'kafkaMissing' : 'etcdMissing');
}
