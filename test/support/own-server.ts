import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type EtcdServer, type Kafka, type KafkaOptions, startEtcd, startKafka } from '../servers/index.ts';

/**
 * A server that the tests of a `describe` have for themselves, to break it: started before the first of them and stopped after
 * the last. @returns what gives it to a test
 */
export function ownServer<Server extends { stop(): Promise<void> }>(start: () => Promise<Server>): () => Server {
  let server: Server | undefined;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());
  return () => server!;
}

export function ownKafka(options: KafkaOptions = {}): () => Kafka {
  return ownServer(() => startKafka({ own: true, ...options }));
}

/** An etcd that the test may break. It stops with the test. */
export async function ownEtcd(): Promise<OwnEtcd> {
  const server = await startEtcd({ own: true });
  onTestFinished(() => server.stop());
  return Object.assign(server, { url: server.endpoints[0]! });
}

export interface OwnEtcd extends EtcdServer {
  /** Its one endpoint. */
  url: string;
}
