import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveClasses, format, java, javaOptions, kafkaJars, kafkaVersion } from './kafka-install.ts';
import { type Controls, type NodeOptions, notOurs, ServerNode } from './node.ts';
import { addressList, freePort } from './process.ts';
import { ClusterClient } from './topic.ts';

export interface KafkaOptions extends NodeOptions {
  /** Start one even if KAFKA_BROKERS is set: for tests that stop, kill or pause it. Implied by port and dataDir. */
  own?: boolean;
  /** How many brokers, all of them controllers too. Default: 1. More than one have no port and dataDir given. */
  nodes?: number;
  /** Which Kafka to start. Default: kafkaVersion. */
  version?: string;
  /** Broker settings over the ones below, such as `{ 'message.max.bytes': '2000' }`. */
  config?: Record<string, string>;
  /** Security protocols beside PLAINTEXT, such as SASL_SSL: each gets a listener. */
  listeners?: string[];
  /** Users, each as `SCRAM-SHA-256=[name=…,password=…]`. */
  scram?: string[];
}

/** One broker of ours: the handle for tests that break one and not another. */
export interface KafkaNode {
  id: number;
  /** host:port for clients. */
  address: string;
  /** host:port by security protocol. */
  listeners: Record<string, string>;
  server: ServerNode;
}

export interface Kafka extends Controls {
  /** host:port of each broker. */
  brokers: string[];
  version: string;
  /** Empty when KAFKA_BROKERS gave them. What Controls does, it does to all of these. */
  nodes: KafkaNode[];
}

/** Gives a Kafka: the one that KAFKA_BROKERS names, else brokers started here on Java, from Maven's packages. */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const own = options.own || options.port !== undefined || options.dataDir !== undefined;
  const given = addressList('KAFKA_BROKERS');
  if (given !== undefined && !own) {
    await kafkaAnswers(given).catch((cause: unknown) => {
      throw new Error(
        `KAFKA_BROKERS is ${given.join(',')}, but no Kafka answers there. Start it, or unset the variable to have one started.`,
        { cause },
      );
    });
    return { ...notOurs('KAFKA_BROKERS'), brokers: given, version: '(given by KAFKA_BROKERS)', nodes: [] };
  }
  const nodes = await startNodes(options);
  const all = async (work: (server: ServerNode) => Promise<void>) => {
    await Promise.all(nodes.map(({ server }) => work(server)));
  };
  return {
    brokers: nodes.map(({ address }) => address),
    version: options.version ?? kafkaVersion,
    nodes,
    stop: () => all((server) => server.stop()),
    kill: (signal) => all((server) => server.kill(signal)),
    restart: () => all((server) => server.restart()),
    pause: () => {
      for (const { server } of nodes) server.pause();
    },
    resume: () => {
      for (const { server } of nodes) server.resume();
    },
  };
}

/** What one broker has to know of its cluster. */
interface Place {
  id: number;
  controllers: number[];
  clusterId: string;
}

async function startNodes(options: KafkaOptions): Promise<KafkaNode[]> {
  const count = options.nodes ?? 1;
  const jars = await kafkaJars(options.version);
  await archiveClasses(jars, async (flags) => {
    const { server } = await startNode(
      { id: 1, controllers: [await freePort()], clusterId: clusterId() },
      jars,
      {},
      flags,
    );
    await server.kill('SIGTERM');
    await server.stop();
  });
  const controllers = await Promise.all(Array.from({ length: count }, freePort));
  const cluster = { controllers, clusterId: clusterId() };
  const started = await Promise.allSettled(
    controllers.map((_, index) => startNode({ ...cluster, id: index + 1 }, jars, options)),
  );
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map(({ server }) => server.stop()));
  throw failed.reason;
}

/** @param flags more of Java */
async function startNode(place: Place, jars: string, options: KafkaOptions, flags: string[] = []): Promise<KafkaNode> {
  const address = `127.0.0.1:${options.port ?? (await freePort())}`;
  const listeners: Record<string, string> = { PLAINTEXT: address };
  for (const protocol of options.listeners ?? []) listeners[protocol] = `127.0.0.1:${await freePort()}`;
  const server = await ServerNode.start(
    {
      name: 'kafka',
      command: async (dataDir, guard) => {
        const file = join(dataDir, 'server.properties');
        const settings = { ...properties(place, listeners, join(dataDir, 'data')), ...options.config };
        await writeFile(
          file,
          Object.entries(settings)
            .map(([name, value]) => `${name}=${value}\n`)
            .join(''),
        );
        if (!existsSync(join(dataDir, 'data', 'meta.properties'))) {
          await format(jars, dataDir, { properties: file, clusterId: place.clusterId, scram: options.scram }, guard);
        }
        return {
          command: java(),
          args: [...javaOptions(jars, dataDir), ...flags, 'kafka.Kafka', file],
          env: process.env,
        };
      },
      ready: () => kafkaAnswers([address]),
    },
    options,
  );
  return { id: place.id, address, listeners, server };
}

/** True once a broker serves and names itself among the brokers, so that topics can be made on it. */
export async function kafkaAnswers(brokers: string[]): Promise<boolean> {
  const client = new ClusterClient(brokers);
  try {
    return (await client.nodes()).size > 0;
  } finally {
    client.close();
  }
}

/** What brokers on this machine need: nobody waited for, no data thrown away by age; three hold everything thrice. */
function properties({ id, controllers }: Place, clients: Record<string, string>, data: string): Record<string, string> {
  const replicas = String(Math.min(3, controllers.length));
  const enough = String(Math.min(2, controllers.length));
  const listeners = Object.entries(clients).map(([protocol, address]) => `${protocol}://${address}`);
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': controllers.map((port, index) => `${index + 1}@127.0.0.1:${port}`).join(','),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controllers[id - 1]}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT',
      ...Object.keys(clients).map((name) => `${name}:${name}`),
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'default.replication.factor': replicas,
    'min.insync.replicas': enough,
    'log.dirs': data,
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': enough,
    'transaction.state.log.num.partitions': '1',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200', // what is too old is aborted when it is
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': enough,
    'log.retention.ms': '-1', // records of tests carry any timestamp
    'log.cleaner.dedupe.buffer.size': '4194304', // 128 MiB of the heap by default
    'broker.heartbeat.interval.ms': '200',
    'broker.session.timeout.ms': '2000', // after a crash a broker is let in again only when its session is over
  };
}

/** 16 random bytes as Kafka writes them; the first bit is 0, so that it never starts with "-" like a flag. */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('base64url');
}
