import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, java, javaOptions, kafkaJars, kafkaVersion } from './kafka-install.ts';
import { type Controls, type NodeOptions, notOurs, ServerNode } from './node.ts';
import { addressList, freePort } from './process.ts';
import { ClusterClient } from './topic.ts';

export interface KafkaOptions extends NodeOptions {
  /** Start one even if KAFKA_BROKERS is set: for tests that stop, kill or pause it. Implied by port and dataDir. */
  own?: boolean;
  /** Broker settings over the ones below, such as `{ 'message.max.bytes': '2000' }`. */
  config?: Record<string, string>;
}

/** One broker of ours (which is its own controller): the handle for tests that break one and not another. */
export interface KafkaNode {
  id: number;
  /** host:port for clients. */
  address: string;
  server: ServerNode;
}

export interface Kafka extends Controls {
  /** host:port of each broker. */
  brokers: string[];
  version: string;
  /** Empty when KAFKA_BROKERS gave them. What Controls does, it does to all of these. */
  nodes: KafkaNode[];
}

/** Gives a Kafka: the one that KAFKA_BROKERS names, else a single node started here on Java, from Maven's packages. */
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
  const node = await startNode(1, options);
  return {
    brokers: [node.address],
    version: kafkaVersion,
    nodes: [node],
    stop: () => node.server.stop(),
    kill: (signal) => node.server.kill(signal),
    restart: () => node.server.restart(),
    pause: () => node.server.pause(),
    resume: () => node.server.resume(),
  };
}

async function startNode(id: number, options: KafkaOptions): Promise<KafkaNode> {
  const jars = await kafkaJars();
  const port = options.port ?? (await freePort());
  const controllerPort = await freePort();
  const address = `127.0.0.1:${port}`;
  const server = await ServerNode.start(
    {
      name: 'kafka',
      command: async (dataDir, guard) => {
        const file = join(dataDir, 'server.properties');
        const settings = { ...properties(id, port, controllerPort, join(dataDir, 'data')), ...options.config };
        await writeFile(
          file,
          Object.entries(settings)
            .map(([name, value]) => `${name}=${value}\n`)
            .join(''),
        );
        if (!existsSync(join(dataDir, 'data', 'meta.properties'))) {
          await format(jars, dataDir, file, clusterId(), guard);
        }
        return { command: java(), args: [...javaOptions(jars, dataDir), 'kafka.Kafka', file], env: process.env };
      },
      ready: () => kafkaAnswers([address]),
    },
    options,
  );
  return { id, address, server };
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

/** What a single node on this machine needs: nothing replicated, nobody waited for, no data thrown away by age. */
function properties(id: number, port: number, controllerPort: number, data: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': `${id}@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
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
