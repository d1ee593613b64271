import { expect, test } from 'vitest';
import type { Call } from './call.ts';
import { SendFailure } from './failure.ts';
import { FieldReader } from './fields.ts';
import { PositionsTopic } from './positions-topic.ts';
import { Session } from './session.ts';
import { Shelf } from './shelf.ts';

const { signal } = new AbortController();
const address = { host: 'b', port: 1 };
const producer = { id: '1', epoch: 0, transactionalId: 't' };

/** A broker with one topic whose partition gives what was produced; what is written counts at once, since there is no transaction. */
class FakeBroker {
  readonly batches: Buffer[] = [];
  readonly created: { name: string; partitions: number; replicas: number; configs: Record<string, string> }[] = [];
  exists = true;
  code = 0;
  policy = 'compact';

  async metadata([name]: readonly string[]) {
    const topic = this.exists ? { code: 0, leaders: [7, 7, 7] } : { code: 3, leaders: [] };
    return { nodes: new Map([[7, address]]), controller: 7, topics: [{ name: name!, ...topic }] };
  }

  async produce(node: number, _topic: string, _partition: number, records: Buffer, transactionalId?: string) {
    expect([node, transactionalId]).toEqual([7, 't']);
    if (this.code === 0) {
      const stored = Buffer.from(records);
      stored.writeBigInt64BE(BigInt(this.batches.reduce((sum, each) => sum + each.readInt32BE(57), 0)), 0);
      stored[22]! &= ~0x10;
      this.batches.push(stored);
    }
    return { code: this.code, offset: 0n };
  }

  async request<T>({ apiName, body }: Call<T>): Promise<T> {
    const end = this.batches.reduce((sum, each) => sum + BigInt(each.readInt32BE(57)), 0n);
    if (apiName === 'DescribeConfigs') return { code: 0, policy: this.policy } as T;
    if (apiName === 'ListOffsets')
      return { code: 0, offset: body.readBigInt64BE(body.length - 8) === -1n ? end : 0n } as T;
    if (apiName === 'Fetch') {
      const from = body.readBigInt64BE(body.length - 12);
      const records = this.batches.filter((each) => each.readBigInt64BE(0) + BigInt(each.readInt32BE(57)) > from);
      return { code: 0, records: records[0]! } as T;
    }
    const fields = new FieldReader(body);
    fields.int32();
    const [name, partitions, replicas] = [fields.string(), fields.int32(), fields.int16()];
    fields.int32();
    const configs = Object.fromEntries(fields.array(() => [fields.string(), fields.string()]));
    this.created.push({ name, partitions, replicas, configs });
    this.exists = true;
    return { code: 0 } as T;
  }
}

async function topicOf(broker: FakeBroker) {
  const coordinator = {
    ask: async <T>({ apiName }: Call<T>) =>
      (apiName === 'InitProducerId'
        ? { code: 0, producer }
        : {
            code: 0,
            codes: [
              ['p', 2, 0],
              ['p', 1, 0],
              ['p', 0, 0],
            ],
          }) as T,
  };
  const session = new Session({ coordinator, transactionalId: 't', timeout: 1, voided: () => {} });
  await session.begin(signal, async () => true);
  const log = { info: () => {}, debug: () => {} };
  const topic = new PositionsTopic({
    cluster: broker,
    session,
    topic: 'p',
    agentId: 'a/1',
    replicationFactor: -1,
    shelf: new Shelf(1 << 20),
    log,
  });
  return { topic, session };
}

test('10,000 positions are written in several record batches and come back', async () => {
  const broker = new FakeBroker();
  const { topic } = await topicOf(broker);
  expect(await topic.read(signal)).toEqual(new Map());
  const many = new Map(Array.from({ length: 10_000 }, (_, n) => [`a%2F1/app/${n}`, `${n} ${'x'.repeat(200)}`]));
  await topic.write(many);
  await topic.write(
    new Map([
      ['a%2F1/app/7', null],
      ['a%2F1/app/8', 'new'],
      ['a/1', 'of somebody else'],
    ]),
  );
  const sequences = broker.batches.map((each) => each.readInt32BE(53));
  expect(broker.batches.length).toBeGreaterThan(3);
  expect(sequences).toEqual(broker.batches.map((each) => Number(each.readBigInt64BE(0))));
  for (const each of broker.batches) expect(each.length).toBeLessThanOrEqual(512 << 10);
  many.delete('a%2F1/app/7');
  many.set('a%2F1/app/8', 'new');
  expect(await topic.read(signal)).toEqual(many);
});

test('the topic is created compacted where it is missing', async () => {
  const broker = new FakeBroker();
  broker.exists = false;
  const { topic } = await topicOf(broker);
  await expect(topic.read(signal)).rejects.toMatchObject({ code: 'LC_OUTPUT_TOPIC_MISSING' });
  expect(await topic.read(signal)).toEqual(new Map());
  expect(broker.created).toMatchObject([{ name: 'p', replicas: -1, configs: { 'cleanup.policy': 'compact' } }]);
});

test('a topic that does not keep positions is refused until it does', async () => {
  const broker = new FakeBroker();
  broker.policy = 'compact,delete';
  const { topic } = await topicOf(broker);
  const failure = { code: 'LC_POSITIONS_TOPIC', message: expect.stringContaining('cleanup.policy=compact,delete') };
  await expect(topic.read(signal)).rejects.toMatchObject(failure);
  broker.policy = 'compact';
  expect(await topic.read(signal)).toEqual(new Map());
});

test('positions that cannot be written make the transaction void', async () => {
  const broker = new FakeBroker();
  const { topic, session } = await topicOf(broker);
  await topic.read(signal);
  broker.code = 19;
  await expect(topic.write(new Map([['a%2F1/x', '1']]))).rejects.toBeInstanceOf(SendFailure);
  expect(session.life.aborted).toBe(true);
});
