import { createTopic, kafkaClient, uniqueTopic } from '../test/servers/index.ts';
import { TopicReader } from '../test/servers/topic.ts';
import { reaches } from './pace.ts';

/** A topic of one partition for one run. */
export class BenchTopic {
  readonly name: string;
  readonly brokers: readonly string[];

  static async create(brokers: string[], prefix: string): Promise<BenchTopic> {
    const name = uniqueTopic(prefix);
    await createTopic(brokers, name, 1);
    return new BenchTopic(brokers, name);
  }

  private constructor(brokers: string[], name: string) {
    this.brokers = brokers;
    this.name = name;
  }

  reader(): TopicReader {
    return new TopicReader([...this.brokers], this.name);
  }

  /** Waits until there are so many records. @throws when there come no more before */
  async holds(count: number, signal: AbortSignal): Promise<void> {
    const reader = this.reader();
    try {
      const records = await reaches(count, async () => (await reader.offsets('end')).get(0)!, signal);
      if (records < count) throw new Error(`${this.name}: ${records} of ${count} lines arrived, and then no more`);
    } finally {
      reader.close();
    }
  }

  /**
   * Reads it all.
   * @returns how many records came more than once
   * @throws when one of the lines 0 to `count` is not there
   */
  async check(count: number): Promise<number> {
    const seen = new Uint8Array(count);
    let records = 0;
    const reader = this.reader();
    try {
      await reader.seek('beginning');
      const end = (await reader.offsets('end')).get(0)!;
      while (reader.positions.get(0)! < end) {
        await reader.poll(
          ({ value }) => {
            seen[Number.parseInt(value!.toString('latin1', 0, 12), 10)] = 1;
            records++;
          },
          100,
          [0],
        );
      }
    } finally {
      reader.close();
    }
    const arrived = seen.reduce((sum, one) => sum + one, 0);
    if (arrived !== count) throw new Error(`${this.name}: ${arrived} of ${count} lines arrived`);
    return records - arrived;
  }

  async delete(): Promise<void> {
    const admin = kafkaClient([...this.brokers]).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [this.name] });
    await admin.disconnect();
  }
}
