import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { createTopic, kafkaClient, uniqueTopic, waitForRecords } from '../servers/index.ts';
import { kafkaTool } from '../servers/kafka-install.ts';
import { type Isolation, TopicReader } from '../servers/topic.ts';
import { type PipelineProcess, pipelineFile, temporaryFolder } from './agent.ts';
import { Load } from './load.ts';

/** Of the topic. */
const partitions = 4;

/** Files, an agent that ships them exactly once, and what readers see of that. */
export class ExactlyOnce {
  readonly load: Load;
  readonly topic = uniqueTopic('exactly-once');
  /** Where lines {@link astray} go. Nobody creates it. */
  readonly missing = `${this.topic}-missing`;
  readonly #folder = temporaryFolder();
  readonly #brokers: string[];
  /** The numbers of lines with which files begin. */
  readonly #begins = new Map<string, number[]>();
  #renames = 0;

  constructor(brokers: string[], files = ['a', 'b', 'c', 'd', 'e', 'f']) {
    this.#brokers = brokers;
    mkdirSync(join(this.#folder, 'logs'));
    this.load = new Load(join(this.#folder, 'logs'), files);
    for (const name of files) this.#begins.set(name, [0]);
  }

  async createTopic(replicationFactor = 1): Promise<void> {
    await createTopic(this.#brokers, this.topic, partitions, { replicationFactor });
    for (const name of this.load.names) this.load.append(name, 1);
  }

  /** @param options further ones of the output @param dataDir of an agent that is not the only one here @param timeout of a transaction */
  pipeline({ options = '', dataDir = 'data', timeout = '5s' } = {}): string {
    // A single run fails where it is not there.
    this.astray([]);
    return pipelineFile(
      this.#folder,
      `
name: test
agent_id: ${this.topic}
data_dir: ./${dataDir}
inputs:
  app: { type: file-tail, paths: ./logs/*.log }
  astray: { type: file-tail, paths: ./astray.log, attributes: { topic: ${this.missing} } }
outputs:
  kafka:
    type: kafka
    brokers: "${this.#brokers.join(',')}"
    topic: "{{ topic:-${this.topic} }}"
    key: "{{ name }}"
    delivery: exactly-once
    transactions: { interval: 50ms, timeout: ${timeout} }
    ${options}`,
      `${dataDir}.yaml`,
    );
  }

  astray(lines: readonly string[]): void {
    appendFileSync(join(this.#folder, 'astray.log'), lines.map((line) => `${line}\n`).join(''));
  }

  /** The file is renamed out of the pattern, and the writer goes on with a new one. */
  rename(name: string): void {
    this.load.rename(name, ++this.#renames);
    this.#begins.get(name)!.push(this.load.count(name));
    this.load.append(name, 1);
  }

  /** Whether records are there of a transaction that has not ended. */
  async isOpen(): Promise<boolean> {
    return (await this.#end('committed')) < (await this.#end('uncommitted'));
  }

  /** Stops the process (SIGSTOP) in the middle of a transaction. */
  async freezeOpen(agent: PipelineProcess): Promise<void> {
    for (;;) {
      agent.kill('SIGSTOP');
      // One whose end is on its way to the broker is over soon.
      if ((await this.isOpen()) && (await setTimeout(300, true)) && (await this.isOpen())) return;
      agent.kill('SIGCONT');
      await setTimeout(50 * Math.random());
    }
  }

  /** The sum of the offsets after the last record of each partition. Brokers may come back meanwhile. */
  async #end(isolation: Isolation): Promise<number> {
    const reader = new TopicReader(this.#brokers, this.topic, isolation);
    try {
      for (;;) {
        const count = await reader.count().catch(() => undefined);
        if (count !== undefined) return count;
        await setTimeout(100);
      }
    } finally {
      reader.close();
    }
  }

  /** Resolves when readers of what is committed can see so many lines. */
  async seen(lines: number): Promise<void> {
    await waitForRecords(this.#brokers, this.topic, lines, 120_000);
  }

  /** Every line once and in the order of its file, for readers of what is committed. @returns how many lines others see too often */
  async check(): Promise<number> {
    this.#expectAll(await this.#read('committed'));
    this.#expectAll(await this.#consumed());
    const all = await this.#read('uncommitted');
    return all.total - this.load.total;
  }

  /** The same by Kafka's own consumer. Nothing may be read any more after this. */
  async checkByKafka(): Promise<void> {
    const end = 'the end of a partition';
    await this.#append(end);
    const arrivals = new Arrivals(this.load);
    let ends = 0;
    // One that is repeated takes the place of an end.
    const most = this.load.total + partitions;
    const what = ['--bootstrap-server', this.#brokers.join(), '--topic', this.topic, '--from-beginning'];
    const how = ['--isolation-level', 'read_committed', '--max-messages', String(most), '--timeout-ms', '60000'];
    await kafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...what, ...how], this.#folder, (line) => {
      if (line === end) ends++;
      else arrivals.add(line);
    });
    this.#expectAll(arrivals);
    expect(ends).toBe(partitions);
  }

  /** To each partition. */
  async #append(value: string): Promise<void> {
    const producer = kafkaClient(this.#brokers).producer();
    await producer.connect();
    const messages = Array.from({ length: partitions }, (_, partition) => ({ value, partition }));
    await producer.send({ topic: this.topic, messages });
    await producer.disconnect();
  }

  #expectAll(arrivals: Arrivals): void {
    for (const name of this.load.names) {
      const numbers = arrivals.numbers(name);
      const count = this.load.count(name);
      const begins = this.#begins.get(name)!;
      /** Of each generation of the file, the number of the last line. */
      const last = new Map<number, number>();
      const seen = new Set<number>();
      let reordered = 0;
      for (const number of numbers) {
        const generation = begins.findLastIndex((from) => from <= number);
        if (number < (last.get(generation) ?? -1)) reordered++;
        last.set(generation, number);
        seen.add(number);
      }
      const delivery = { missing: count - seen.size, repeated: numbers.length - seen.size, reordered };
      expect({ name, ...delivery }).toEqual({ name, missing: 0, repeated: 0, reordered: 0 });
    }
  }

  async #read(isolation: Isolation): Promise<Arrivals> {
    const arrivals = new Arrivals(this.load);
    const reader = new TopicReader(this.#brokers, this.topic, isolation);
    try {
      await reader.seek('beginning');
      const ends = await reader.offsets('end');
      for (;;) {
        const behind = [...ends].filter(([partition, end]) => reader.positions.get(partition)! < end);
        if (behind.length === 0) break;
        await reader.poll(
          ({ value }) => arrivals.add(value!.toString()),
          500,
          behind.map(([partition]) => partition),
        );
      }
    } finally {
      reader.close();
    }
    return arrivals;
  }

  /** The same by kafkajs's consumer, which shares nothing with our own reader. */
  async #consumed(): Promise<Arrivals> {
    const consumer = kafkaClient(this.#brokers).consumer({ groupId: uniqueTopic('reader'), readUncommitted: false });
    const arrivals = new Arrivals(this.load);
    const complete = Promise.withResolvers<void>();
    consumer.on('consumer.crash', ({ payload: { restart, error } }) => {
      if (!restart) complete.reject(error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: this.topic, fromBeginning: true });
      await consumer.run({
        eachBatch: async ({ batch }) => {
          for (const { value } of batch.messages) arrivals.add(value!.toString());
          if (arrivals.total >= this.load.total) complete.resolve();
        },
      });
      await complete.promise;
    } finally {
      await consumer.disconnect();
    }
    return arrivals;
  }
}

/** The numbers of the lines that have arrived, by file, in the order of their partition. */
class Arrivals {
  total = 0;
  readonly #load: Load;
  readonly #numbers = new Map<string, number[]>();

  constructor(load: Load) {
    this.#load = load;
  }

  numbers(name: string): readonly number[] {
    return this.#numbers.get(name) ?? [];
  }

  add(line: string): void {
    const [name, digits] = line.split(' ', 2) as [string, string];
    const number = Number(digits);
    if (line !== this.#load.line(name, number)) throw new Error(`a line that nobody wrote: ${line}`);
    const numbers = this.#numbers.get(name);
    if (numbers) numbers.push(number);
    else this.#numbers.set(name, [number]);
    this.total++;
  }
}
