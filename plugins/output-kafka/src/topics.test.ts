import type { Stuck } from '@logcatch/plugin-api';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { SendFailure } from './failure.ts';
import { Topics, type TopicsSettings, type Wish } from './topics.ts';
import type { Answer, NewTopic, TopicMetadata } from './wire.ts';

class FakeCluster {
  readonly topics = new Map<string, Omit<TopicMetadata, 'name'>>();
  readonly asked: string[][] = [];
  readonly created: NewTopic[] = [];
  unreachable = false;

  async metadata(names: readonly string[]) {
    this.asked.push([...names]);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.unreachable) throw new SendFailure('LC_OUTPUT_UNREACHABLE', 'cannot reach it');
    const topics = names.map((name) => ({ name, ...(this.topics.get(name) ?? { code: 3, leaders: [] }) }));
    return { nodes: new Map(), controller: 1, topics };
  }

  async createTopic(topic: NewTopic): Promise<Answer> {
    this.created.push(topic);
    this.topics.set(topic.name, { code: 0, leaders: new Array(topic.partitions).fill(1) });
    return { code: 0 };
  }
}

function wish(known: Wish['known'], rest: Partial<Wish> = {}): Wish {
  const unexpected = () => expect.fail('it was given up');
  return { alone: false, known, stuck: unexpected, refused: unexpected, ...rest };
}

function topicsOf(cluster: FakeCluster, settings: Partial<TopicsSettings> = {}) {
  const troubles = new Map<string, SendFailure>();
  const told: string[] = [];
  const topics = new Topics({
    cluster,
    create: undefined,
    brokers: 'kafka:9092',
    max: 1000,
    troubles: {
      set: (name, failure) => told.push(failure.message) && troubles.set(name, failure),
      clear: (name) => troubles.delete(name),
    },
    log: { info: () => {}, debug: () => {} },
    ...settings,
  });
  onTestFinished(() => topics.stop());
  return { topics, troubles, told };
}

test('writes wait for a missing topic in their order, and people see how to create it', async () => {
  const cluster = new FakeCluster();
  const { topics, troubles } = topicsOf(cluster);
  const order: string[] = [];
  const known = new Promise<void>((resolve) => {
    topics.whenKnown(
      'logs',
      wish(() => order.push('first')),
    );
    const withdraw = topics.whenKnown(
      'logs',
      wish(() => order.push('withdrawn')),
    );
    topics.whenKnown(
      'logs',
      wish((partitions) => {
        order.push(`last of ${partitions}`);
        topics.whenKnown(
          'logs',
          wish(() => order.push('at once')),
        );
        resolve();
      }),
    );
    withdraw();
  });
  await expect.poll(() => troubles.get('logs')?.code).toBe('LC_OUTPUT_TOPIC_MISSING');
  const { hint } = troubles.get('logs')!;
  expect(hint).toContain('kafka-topics.sh --bootstrap-server kafka:9092 --create --topic logs');
  expect(hint).toContain('`create_topics: { partitions: 3, replication_factor: 1 }`');
  cluster.topics.set('logs', { code: 0, leaders: [1, 2, 3] });
  await known;
  expect(order).toEqual(['first', 'last of 3', 'at once']);
  await expect.poll(() => troubles.size).toBe(0);
  expect(cluster.created).toEqual([]);
});

test('creates what is missing only when told to', async () => {
  const cluster = new FakeCluster();
  const { topics, told } = topicsOf(cluster, { create: { partitions: 4, replication_factor: 2 } });
  await expect(new Promise((resolve) => topics.whenKnown('logs', wish(resolve)))).resolves.toBe(4);
  expect(cluster.created).toEqual([{ name: 'logs', partitions: 4, replicationFactor: 2 }]);
  expect(told).toEqual([]);
});

test('goes on asking while no broker answers', async () => {
  const cluster = new FakeCluster();
  cluster.unreachable = true;
  cluster.topics.set('logs', { code: 0, leaders: [1] });
  const { topics, troubles } = topicsOf(cluster);
  const known = new Promise((resolve) => topics.whenKnown('logs', wish(resolve)));
  await expect.poll(() => troubles.get('logs')?.code).toBe('LC_OUTPUT_UNREACHABLE');
  cluster.unreachable = false;
  await expect(known).resolves.toBe(1);
});

test('one question asks for all topics that are wanted meanwhile', async () => {
  const cluster = new FakeCluster();
  for (const name of ['a', 'b', 'c']) cluster.topics.set(name, { code: 0, leaders: [5] });
  const { topics } = topicsOf(cluster);
  const leaders = await Promise.all(['a', 'b', 'c', 'a'].map((name) => topics.leader(name, 0)));
  expect(leaders).toEqual([5, 5, 5, 5]);
  expect(cluster.asked).toEqual([['a', 'b', 'c']]);
});

test('believes a leader until it is called stale', async () => {
  const cluster = new FakeCluster();
  cluster.topics.set('logs', { code: 0, leaders: [1, 2] });
  const { topics } = topicsOf(cluster);
  expect(await topics.leader('logs', 1)).toBe(2);
  cluster.topics.set('logs', { code: 0, leaders: [1, 7] });
  expect(await topics.leader('logs', 1)).toBe(2);
  topics.stale('logs');
  expect(await topics.leader('logs', 1)).toBe(7);
});

test('says what is wrong with a partition: no leader, gone, forbidden, topic deleted', async () => {
  const cluster = new FakeCluster();
  const { topics } = topicsOf(cluster);
  const failure = () => topics.leader('logs', 1).catch((error: unknown) => error as SendFailure);
  cluster.topics.set('logs', { code: 0, leaders: [1, -1] });
  expect(await failure()).toMatchObject({ message: 'the partition has no leader', remedy: 'retry', unknown: false });
  cluster.topics.set('logs', { code: 0, leaders: [1] });
  expect(await failure()).toMatchObject({ remedy: 'give back' });
  cluster.topics.set('logs', { code: 29, leaders: [] });
  expect(await failure()).toMatchObject({
    code: 'LC_OUTPUT_FORBIDDEN',
    hint: expect.stringContaining('kafka-acls.sh'),
  });
  cluster.topics.delete('logs');
  expect(await failure()).toMatchObject({ code: 'LC_OUTPUT_TOPIC_MISSING', remedy: 'retry' });
});

test('sees new partitions by itself', async () => {
  const cluster = new FakeCluster();
  cluster.topics.set('logs', { code: 0, leaders: [1] });
  const { topics } = topicsOf(cluster, { refreshEvery: 10 });
  topics.start();
  await topics.leader('logs', 0);
  cluster.topics.set('logs', { code: 0, leaders: [1, 1] });
  await expect
    .poll(() => {
      let count = 0;
      topics.whenKnown(
        'logs',
        wish((partitions) => {
          count = partitions;
        }),
      );
      return count;
    })
    .toBe(2);
});

test('what can wait in its source is given up for a missing topic, and its sources come again when it is there', async () => {
  const cluster = new FakeCluster();
  const { topics } = topicsOf(cluster);
  const given: Error[] = [];
  const whole = wish(() => expect.fail('it was given up'), { alone: true, stuck: (reason) => void given.push(reason) });
  const part = new Promise((resolve) => topics.whenKnown('logs', wish(resolve)));
  topics.whenKnown('logs', whole);
  await expect.poll(() => given.length).toBe(1);
  topics.whenKnown('logs', whole);
  await expect.poll(() => given.length).toBe(2);
  cluster.topics.set('logs', { code: 0, leaders: [1] });
  await Promise.all([part, ...given.map((reason) => (reason as Stuck).over)]);
  await expect(new Promise((resolve) => topics.whenKnown('logs', wish(resolve)))).resolves.toBe(1);
});

test('what waits too long goes to the dead letters, where that is wanted', async () => {
  const { topics } = topicsOf(new FakeCluster(), { deadLetterAfter: 0 });
  const failure = new Promise((resolve) =>
    topics.whenKnown(
      'logs',
      wish(() => {}, { refused: resolve }),
    ),
  );
  await expect(failure).resolves.toMatchObject({ code: 'LC_OUTPUT_TOPIC_MISSING' });
});

test('no more topics than max_topics are asked for, until one is closed', async () => {
  const cluster = new FakeCluster();
  for (const name of ['a', 'b']) cluster.topics.set(name, { code: 0, leaders: [1] });
  const { topics, troubles } = topicsOf(cluster, { max: 1 });
  await new Promise((resolve) => topics.whenKnown('a', wish(resolve)));
  const known = new Promise((resolve) => topics.whenKnown('b', wish(resolve)));
  await expect.poll(() => troubles.get('b')?.message).toContain('max_topics');
  expect(cluster.asked.flat()).toEqual(['a']);
  topics.close('a');
  await expect(known).resolves.toBe(1);
  expect(topics.size).toBe(1);
});

describe('nobody waits any more', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** The fake cluster takes turns of the event loop for its answers. */
  async function seconds(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      await vi.advanceTimersByTimeAsync(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('sources come again after a minute; when none does, the topic is not asked for, and nobody’s trouble', async () => {
    const cluster = new FakeCluster();
    const { topics, troubles } = topicsOf(cluster);
    let over = false;
    const stuck = (reason: Error) => void (reason as Stuck).over.then(() => (over = true));
    topics.whenKnown(
      'logs',
      wish(() => expect.fail('there is none'), { alone: true, stuck }),
    );
    await seconds(55);
    expect(over).toBe(false);
    expect(troubles.size).toBe(1);
    await seconds(30);
    expect(over).toBe(true);
    expect(troubles.size).toBe(0);
    const asked = cluster.asked.length;
    await seconds(30);
    expect(cluster.asked).toHaveLength(asked);
  });

  test('topics that go missing one after the other are given up together, and their sources come again together', async () => {
    const { topics } = topicsOf(new FakeCluster());
    const told: string[] = [];
    const miss = (name: string) => {
      const stuck = (reason: Error) => {
        told.push(`${name} is stuck`);
        void (reason as Stuck).over.then(() => told.push(`${name} comes again`));
      };
      topics.whenKnown(
        name,
        wish(() => expect.fail('there is none'), { alone: true, stuck }),
      );
    };
    for (const name of ['a', 'b', 'c']) {
      miss(name);
      await vi.advanceTimersByTimeAsync(10);
      await new Promise((resolve) => setImmediate(resolve));
      expect(told).toEqual([]);
    }
    await vi.advanceTimersToNextTimerAsync();
    expect(told).toEqual(['a is stuck', 'b is stuck', 'c is stuck']);
    await seconds(10);
    miss('d');
    while (told.length < 5) await seconds(1);
    expect(told.slice(3).sort()).toEqual([
      'a comes again',
      'b comes again',
      'c comes again',
      'd comes again',
      'd is stuck',
    ]);
  });

  test('dead_letter_after does not count the time until somebody does again', async () => {
    const cluster = new FakeCluster();
    const { topics } = topicsOf(cluster, { deadLetterAfter: 60_000 });
    const withdraw = topics.whenKnown(
      'logs',
      wish(() => expect.fail('there is none')),
    );
    await seconds(2);
    withdraw();
    await seconds(120);
    cluster.topics.set('logs', { code: 0, leaders: [1] });
    cluster.unreachable = true;
    const known = new Promise((resolve) => topics.whenKnown('logs', wish(resolve)));
    await seconds(1);
    cluster.unreachable = false;
    await seconds(10);
    expect(await known).toBe(1);
  });
});
