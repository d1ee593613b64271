import { BufferPool } from '@logcatch/core';
import { batchOf } from '@logcatch/plugin-api';
import { fakeOutputContext, MemorySources } from '@logcatch/testing';
import { expect, it, onTestFinished } from 'vitest';
import { Cluster } from '../plugins/output-kafka/src/cluster.ts';
import { failureOf } from '../plugins/output-kafka/src/codes.ts';
import { codecOf } from '../plugins/output-kafka/src/compression.ts';
import { SendFailure } from '../plugins/output-kafka/src/failure.ts';
import { Recorder } from '../plugins/output-kafka/src/fixtures/texts.ts';
import { KafkaSender } from '../plugins/output-kafka/src/kafka-sender.ts';
import { Lane } from '../plugins/output-kafka/src/lane.ts';
import { openLink } from '../plugins/output-kafka/src/link.ts';
import { type Encoded, RecordBatchBuilder } from '../plugins/output-kafka/src/record-batch.ts';
import { type Rules, rules } from '../plugins/output-kafka/src/rules.ts';
import type { RecordBatch, Sender } from '../plugins/output-kafka/src/sender.ts';
import { Shelf } from '../plugins/output-kafka/src/shelf.ts';
import { Topics } from '../plugins/output-kafka/src/topics.ts';
import { consumeAll, createTopic, flat, uniqueTopic } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';

const { signal } = new AbortController();
const pool = new BufferPool(1 << 20);
const [source] = new MemorySources().open([{ path: 'a', meta: {} }]);

/** Lets the first record batch fail: before it is sent, or after, when its answer is lost. */
class FirstFails implements Sender<Encoded> {
  readonly identify;
  readonly forget;
  readonly ready;
  readonly #sender: KafkaSender;
  #how: 'refused' | 'unanswered' | undefined;

  constructor(sender: KafkaSender, how: 'refused' | 'unanswered') {
    this.#sender = sender;
    this.#how = how;
    this.identify = sender.identify.bind(sender);
    this.forget = sender.forget.bind(sender);
    this.ready = sender.ready.bind(sender);
  }

  async send(topic: string, partition: number, records: RecordBatch<Encoded>): Promise<bigint | undefined> {
    const how = this.#how;
    this.#how = undefined;
    if (how === 'refused') throw failureOf(19);
    const offset = await this.#sender.send(topic, partition, records);
    if (how === 'unanswered') throw new SendFailure('LC_OUTPUT_UNREACHABLE', 'no answer', { unknown: true });
    return offset;
  }
}

/** The rules of lanes, one by one, on a real broker: what they protect from does happen there. */
describeWith(['kafka'], 'a lane whose first record batch fails', () => {
  async function laneWith(how: 'refused' | 'unanswered', given: Rules = rules, idempotent = true) {
    const { brokers } = kafka();
    const topic = uniqueTopic('rules');
    await createTopic(brokers, topic);
    const { log } = fakeOutputContext();
    const timeouts = { connectTimeout: 10_000, requestTimeout: 30_000 };
    const link = {
      ...timeouts,
      acks: 'all',
      clientId: 'logcatch',
      log,
      security: async () => ({ tls: undefined, sasl: undefined }),
    } as const;
    const seeds = brokers.map((broker) => ({ host: broker.split(':')[0]!, port: Number(broker.split(':')[1]) }));
    const cluster = new Cluster(seeds, (address, stop) => openLink(address, link, stop));
    const troubles = { set: () => {}, clear: () => {} };
    const topics = new Topics({ cluster, create: undefined, brokers: brokers.join(), max: 1, troubles, log });
    const { promise: failed, resolve } = Promise.withResolvers<void>();
    const shelf = new Shelf(0);
    const none = await codecOf('none');
    const lane = new Lane<Encoded>(topic, 0, {
      sender: new FirstFails(new KafkaSender(cluster, topics, idempotent), how),
      encoding: {
        builder: (limit) =>
          new RecordBatchBuilder(
            { key: undefined, headers: {}, timestamp: undefined, value: 'text' },
            none,
            shelf,
            limit,
          ),
        release: () => {},
      },
      linger: 0,
      batchBytes: 1024,
      inFlight: 2,
      troubles,
      log,
      rules: given,
      backoff: () => {
        resolve();
        return 200;
      },
    });
    onTestFinished(async () => {
      lane.close(new Error('the test is over'));
      topics.stop();
      await cluster.close();
    });
    return {
      lane,
      /** The lane has seen it, and pauses. */
      failed,
      push: async (text: string) => {
        // Too large to share a record batch with another.
        const slice = new Recorder(await batchOf(source!, [text.repeat(900)], { start: 0, buffers: pool, signal }));
        lane.push(slice);
        return slice;
      },
      log: async () => flat(await consumeAll(brokers, topic)).map(({ value }) => value!.toString()[0]),
    };
  }

  const unlimited: Rules = { ...rules, window: (_confirmed, inFlight) => inFlight };

  it.each([
    ['keeps the order', rules, ['a', 'b']],
    ['changes it, when the second goes before the first is acknowledged', unlimited, ['b', 'a']],
  ] as const)('refused: %s', async (_, given, expected) => {
    const { push, log } = await laneWith('refused', given);
    const slices = [await push('a'), await push('b')];
    await Promise.all(slices.map(({ done }) => done));
    expect(await log()).toEqual(expected);
  });

  const careless: Rules = { ...rules, identical: () => false };

  it.each([
    ['loses nothing', rules, ['a', 'b']],
    ['loses what gets the sequence number of records that may have been appended', careless, ['a']],
  ] as const)('written, unanswered and withdrawn: %s', async (_, given, expected) => {
    const { lane, push, failed, log } = await laneWith('unanswered', given);
    const first = await push('a');
    await failed;
    lane.withdraw(first, new Error('withdrawn'));
    const second = await push('b');
    await Promise.all([first.done, second.done]);
    expect(second.answers, 'the broker has said so').toEqual([expect.any(BigInt)]);
    expect(await log()).toEqual(expected);
  });

  it.each([
    ['repeats nothing', true, ['a', 'b']],
    ['repeats it without idempotence', false, ['a', 'a', 'b']],
  ] as const)('written and unanswered: %s', async (_, idempotent, expected) => {
    const { push, log } = await laneWith('unanswered', rules, idempotent);
    const slices = [await push('a'), await push('b')];
    await Promise.all(slices.map(({ done }) => done));
    expect(await log()).toEqual(expected);
  });
});
