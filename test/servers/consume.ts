import { randomBytes } from 'node:crypto';
import { sleep } from './process.ts';
import type { ConsumedRecord } from './records.ts';
import { ClusterClient, type Isolation, TopicReader } from './topic.ts';
import { check, Fields, UNKNOWN_TOPIC, WireError } from './wire.ts';

export type { ConsumedRecord, Isolation };

/** Partition -> its records in the order of their offsets; a partition without records has an empty list. */
export type TopicContent = Map<number, ConsumedRecord[]>;

/**
 * Everything a topic holds at the moment of the call, from the beginning to the high watermark. Goes on through
 * restarts of brokers until the deadline.
 */
export async function consumeAll(
  brokers: string[],
  topic: string,
  options: { timeoutMs?: number; isolation?: Isolation } = {},
): Promise<TopicContent> {
  const limit = options.timeoutMs ?? 60_000;
  const reader = new TopicReader(brokers, topic, options.isolation);
  const content: TopicContent = new Map();
  let ends: Map<number, number> | undefined;
  const behind = () => [...(ends ?? [])].filter(([partition, end]) => (reader.positions.get(partition) ?? 0) < end);
  try {
    await until(limit, async () => {
      if (ends === undefined) {
        await reader.seek('beginning');
        ends = await reader.offsets('end');
        for (const partition of [...ends.keys()].toSorted((a, b) => a - b)) content.set(partition, []);
      }
      const late = behind().map(([partition]) => partition);
      if (late.length > 0) await reader.poll((record) => content.get(record.partition)?.push(record), 500, late);
      return behind().length === 0;
    }).catch((cause: unknown) => {
      const left = behind().map(
        ([partition, end]) => `partition ${partition} at ${reader.positions.get(partition)} of ${end}`,
      );
      const where = left.length > 0 ? left.join(', ') : 'its offsets were not even known';
      throw new Error(`Topic ${topic} could not be read to its end within ${limit} ms: ${where}. ${reason(cause)}`, {
        cause,
      });
    });
  } finally {
    reader.close();
  }
  for (const [partition, end] of ends ?? []) {
    const list = content.get(partition) ?? [];
    while (list.length > 0 && (list.at(-1) as ConsumedRecord).offset >= end) list.pop(); // written after the call
  }
  return content;
}

/**
 * Waits until a topic holds at least `count` records and returns all that were read by then. The topic may not exist
 * yet, and brokers may go and come back meanwhile.
 */
export async function waitForRecords(
  brokers: string[],
  topic: string,
  count: number,
  deadlineMs = 60_000,
  isolation: Isolation = 'committed',
): Promise<TopicContent> {
  const reader = new TopicReader(brokers, topic, isolation);
  const content: TopicContent = new Map();
  let seen = 0;
  try {
    await until(deadlineMs, async () => {
      await reader.seek('beginning'); // each time: the topic may get more partitions
      for (const partition of reader.positions.keys()) if (!content.has(partition)) content.set(partition, []);
      if (count <= seen) return true;
      const take = (record: ConsumedRecord) => {
        seen++;
        content.get(record.partition)?.push(record);
      };
      await reader.poll(take, 100, reader.positions.keys());
      return seen >= count;
    }).catch((cause: unknown) => {
      throw new Error(`Topic ${topic} has ${seen} of ${count} records after ${deadlineMs} ms. ${reason(cause)}`, {
        cause,
      });
    });
  } finally {
    reader.close();
  }
  return content;
}

/** The same without reading them, for many records: of a topic without transactions, whose marks count too. @returns how many there are */
export async function waitForCount(
  brokers: string[],
  topic: string,
  count: number,
  deadlineMs: number,
): Promise<number> {
  const reader = new TopicReader(brokers, topic);
  let seen = 0;
  try {
    await until(deadlineMs, async () => {
      seen = await reader.count();
      if (seen < count) await sleep(50);
      return seen >= count;
    }).catch((cause: unknown) => {
      throw new Error(`Topic ${topic} has ${seen} of ${count} records after ${deadlineMs} ms. ${reason(cause)}`, {
        cause,
      });
    });
    return seen;
  } finally {
    reader.close();
  }
}

/** Makes a topic and waits until every broker knows a leader for each of its partitions. */
export async function createTopic(
  brokers: string[],
  name: string,
  partitions = 1,
  options: { replicationFactor?: number; configs?: Record<string, string> } = {},
): Promise<void> {
  const client = new ClusterClient(brokers);
  try {
    const configs = Object.entries(options.configs ?? {});
    const topics = new Fields().array([name], (list, topic) => {
      const noAssignments = 0;
      list
        .string(topic)
        .int32(partitions)
        .int16(options.replicationFactor ?? 1)
        .int32(noAssignments);
      list.array(configs, (fields, [key, value]) => fields.string(key).string(value));
    });
    const body = topics.int32(10_000).int8(0);
    const answer = await client.ask(19, 2, body);
    answer.int32();
    answer.array(() => {
      answer.string();
      check(answer.int16(), `creating topic ${name}`, answer.string());
    });
    await until(60_000, async () => {
      const known = await everyView(client, name);
      return known.every((leaders) => leaders.partitions.size === partitions);
    });
  } finally {
    client.close();
  }
}

/** Waits until all of these brokers are there and say that every replica of these topics is in sync. */
export async function waitInSync(brokers: string[], topics: string[], deadlineMs = 60_000): Promise<void> {
  const client = new ClusterClient(brokers);
  try {
    for (const topic of topics) {
      await until(deadlineMs, async () => {
        const views = await everyView(client, topic);
        if (views.length === brokers.length && views.every(({ inSync }) => inSync)) return true;
        await sleep(50);
        return false;
      });
    }
  } finally {
    client.close();
  }
}

/** What each broker that is there knows of a topic. */
async function everyView(client: ClusterClient, topic: string) {
  return Promise.all([...(await client.nodes()).values()].map((broker) => client.leaders(topic, broker)));
}

/** A topic name of one's own, so that tests can share a broker and run at once. */
export function uniqueTopic(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}

/** All records of a topic in one list: partition by partition. */
export function flat(content: TopicContent): ConsumedRecord[] {
  return [...content.values()].flat();
}

/** Repeats `step` until it says true, through faults that pass by themselves, or throws the last one at the deadline. */
async function until(limitMs: number, step: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs;
  let problem: unknown;
  for (;;) {
    try {
      if (await step()) return;
      problem = undefined;
    } catch (error) {
      if (!(error instanceof WireError && error.retriable)) throw error;
      problem = error;
    }
    if (performance.now() > deadline) throw problem ?? new Error('The time is over.');
    if (problem !== undefined) await sleep(100);
  }
}

function reason(cause: unknown): string {
  if (cause instanceof WireError && cause.code === UNKNOWN_TOPIC) {
    return 'The topic does not exist: create it first, or look why the one who should create it did not.';
  }
  return cause instanceof Error ? cause.message : String(cause);
}
