import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  consumeAll,
  createTopic,
  flat,
  kafkaClient,
  startEtcd,
  startKafka,
  uniqueTopic,
  waitForRecords,
} from './servers/index.ts';
import { isRunning } from './servers/process.ts';
import { describeWith, etcd, kafka } from './servers/require.ts';

const nasty = Buffer.from([0x00, 0xff, 0xfe, 0x0a, 0x0d, 0x00, 0xc3, 0x28, 0x80]);

/** Produces with kafkajs: neither the product's encoder nor the tests' decoder. */
async function produce(
  brokers: string[],
  topic: string,
  messages: { value: Buffer; key?: Buffer; partition?: number }[],
) {
  const producer = kafkaClient(brokers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  // One at a time: where one partition has no leader yet, kafkajs sends all of a call again.
  for (const message of messages) {
    const record = { ...message, headers: { trace: nasty }, timestamp: '1700000000123' };
    await producer.send({ topic, acks: -1, messages: [record] });
  }
  await producer.disconnect();
}

async function etcdCall(endpoint: string, path: string, body: Record<string, string>): Promise<string> {
  const coded = Object.entries(body).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  const response = await fetch(`${endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(Object.fromEntries(coded)),
  });
  expect(response.status).toBe(200);
  return response.text();
}

async function etcdGet(endpoint: string, key: string): Promise<string> {
  const { kvs } = JSON.parse(await etcdCall(endpoint, 'kv/range', { key })) as { kvs: { value: string }[] };
  return Buffer.from(kvs[0]?.value ?? '', 'base64').toString();
}

describeWith(['kafka'], 'the shared Kafka', () => {
  it('gives back the bytes that were written, partition by partition', async () => {
    const { brokers } = kafka();
    const topic = uniqueTopic('bytes');
    await createTopic(brokers, topic, 3);
    await produce(brokers, topic, [
      { value: nasty, key: Buffer.from([0]), partition: 2 },
      { value: Buffer.alloc(0), partition: 0 },
      { value: Buffer.from('plain'), partition: 2 },
    ]);
    const content = await consumeAll(brokers, topic);
    expect([...content.keys()]).toEqual([0, 1, 2]);
    expect(content.get(1)).toEqual([]);
    expect(content.get(0)).toMatchObject([{ offset: 0, key: null, value: Buffer.alloc(0) }]);
    const common = { timestamp: 1700000000123, headers: [['trace', nasty]] };
    expect(content.get(2)).toEqual([
      { partition: 2, offset: 0, key: Buffer.from([0]), value: nasty, ...common },
      { partition: 2, offset: 1, key: null, value: Buffer.from('plain'), ...common },
    ]);
  });

  it('shows an empty topic, and says which topic is missing', async () => {
    const { brokers } = kafka();
    const topic = uniqueTopic('empty');
    await createTopic(brokers, topic, 2);
    expect(flat(await consumeAll(brokers, topic))).toEqual([]);
    await expect(waitForRecords(brokers, 'never-made', 1, 300)).rejects.toThrow(/never-made.*does not exist/);
    await expect(waitForRecords(brokers, topic, 1, 300)).rejects.toThrow('0 of 1 records');
  });

  it('leaves out the records of aborted transactions, unless asked for', async () => {
    const { brokers } = kafka();
    const topic = uniqueTopic('tx');
    await createTopic(brokers, topic);
    const producer = kafkaClient(brokers).producer({
      transactionalId: topic,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    for (const [value, end] of [
      ['a', 'commit'],
      ['b', 'abort'],
      ['c', 'commit'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      await transaction[end]();
    }
    await producer.disconnect();
    const values = async (isolation: 'committed' | 'uncommitted') =>
      flat(await consumeAll(brokers, topic, { isolation })).map((record) => String(record.value));
    expect(await values('committed')).toEqual(['a', 'c']);
    expect(await values('uncommitted')).toEqual(['a', 'b', 'c']);
  });
});

describeWith(['etcd'], 'the shared etcd', () => {
  it('keeps what is put', async () => {
    const [endpoint = ''] = etcd().endpoints;
    const key = uniqueTopic('servers-test/');
    await etcdCall(endpoint, 'kv/put', { key, value: '[{"path":"/var/log/ä"}]' });
    expect(await etcdGet(endpoint, key)).toBe('[{"path":"/var/log/ä"}]');
  });
});

describeWith(['kafka', 'etcd'], 'servers of a test of its own', () => {
  it('keep port and data through a crash, and leave nothing behind when stopped', { timeout: 60_000 }, async () => {
    const [broker, store] = await Promise.all([startKafka({ own: true }), startEtcd({ own: true })]);
    const nodes = [broker.nodes[0]?.server, store.node].map((node) => {
      if (node === undefined) throw new Error('an own server has a node');
      return node;
    });
    try {
      const topic = uniqueTopic('restart');
      await createTopic(broker.brokers, topic);
      await produce(broker.brokers, topic, [{ value: nasty }]);
      await etcdCall(store.endpoints[0] ?? '', 'kv/put', { key: 'k', value: 'v' });
      const before = nodes.map((node) => node.pid);
      await Promise.all([broker.kill(), store.kill()]);
      expect(nodes.map((node) => node.pid)).toEqual([undefined, undefined]);
      const waiting = waitForRecords(broker.brokers, topic, 2); // starts while the broker is down
      await Promise.all([broker.restart(), store.restart()]);
      expect(nodes.map((node) => node.pid)).not.toEqual(before);
      await produce(broker.brokers, topic, [{ value: Buffer.from('after') }]);
      expect(flat(await waiting).map((record) => record.value)).toEqual([nasty, Buffer.from('after')]);
      expect(await etcdGet(store.endpoints[0] ?? '', 'k')).toBe('v');
      broker.pause(); // stop() must also end a paused server
    } finally {
      const pids = nodes.map((node) => node.pid);
      await Promise.all([broker.stop(), store.stop()]);
      for (const [index, node] of nodes.entries()) {
        expect(await isRunning(pids[index] ?? 0, node.dataDir)).toBe(false);
        expect(existsSync(node.dataDir)).toBe(false);
      }
    }
  });
});
