/**
 * `pnpm bench:latency [SECONDS] [ROUNDS] [--only NAMES]`: from the append of a line to a file until a consumer has it from
 * Kafka, at 1,000 lines/s, by logcatch (at least once, and exactly once) and by rsyslog in turn, in this run. Writer and consumer are this process.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startKafka } from '../test/servers/index.ts';
import { TemporaryFolder } from '../test/servers/temporary-folder.ts';
import { Arrivals, stamped, untimed } from './arrivals.ts';
import type { Shipment } from './contenders/contender.ts';
import { orSkip } from './contenders/index.ts';
import { shipping } from './contenders/logcatch.ts';
import { Rsyslog } from './contenders/rsyslog.ts';
import { benchOptions, chosen } from './options.ts';
import { pace, reaches } from './pace.ts';
import { type Command, Running, usageOf } from './process.ts';
import { machine, spread, table } from './report.ts';
import { alternated } from './rounds.ts';
import { BenchTopic } from './topic.ts';

const known = ['logcatch', 'exactly-once', 'rsyslog'] as const;
const options = benchOptions({ seconds: 20, rounds: 3 }, { only: known.join(',') });
const linesPerSecond = 1000;
const followers = new Map<string, (shipment: Shipment) => Command>();
for (const name of chosen(options.only, known)) {
  if (name !== 'rsyslog') {
    const delivery = name === 'logcatch' ? 'at-least-once' : name;
    followers.set(name, (shipment) => shipping(delivery, shipment));
  } else {
    const rsyslog = await orSkip(name, Rsyslog.unpack);
    if (rsyslog) followers.set(name, (shipment) => rsyslog.ship(shipment));
  }
}
const folder = new TemporaryFolder('logcatch-bench-');
const kafka = await startKafka({ own: true });

interface Round {
  /** Milliseconds of each line. */
  readonly delays: readonly number[];
  /** CPU seconds of the process that ships. */
  readonly cpu: number;
}

async function run(name: string, ship: (shipment: Shipment) => Command): Promise<Round> {
  const topic = await BenchTopic.create(kafka.brokers, name);
  const own = join(folder.path, topic.name);
  mkdirSync(own);
  const file = join(own, 'live.log');
  const arrivals = new Arrivals();
  let written = 0;
  const append = (at?: number) => appendFileSync(file, stamped(0, written++, at));
  const allArrived = async (signal: AbortSignal) => {
    const count = await reaches(written, () => arrivals.count, signal);
    if (count < written) throw new Error(`${name}: ${count} of ${written} lines arrived`);
  };
  append(untimed);
  const shipment = { brokers: kafka.brokers, topic: topic.name, codec: 'none', lines: 1, folder: own } as const;
  const shipper = new Running(ship({ ...shipment, files: [file], pattern: file }));
  try {
    return await shipper.during(async (signal) => {
      const consumed = consume(topic, arrivals, signal);
      await Promise.race([allArrived(signal), consumed]);
      // The first seconds are of code that is not compiled yet: of the shipper's, the broker's and ours.
      await pace(linesPerSecond, 3 * linesPerSecond, () => append(untimed));
      const before = usageOf(shipper.pid).cpu;
      await pace(linesPerSecond, options.seconds * linesPerSecond, () => append());
      const cpu = usageOf(shipper.pid).cpu - before;
      await Promise.race([allArrived(signal), consumed]);
      return { delays: arrivals.delays, cpu };
    });
  } finally {
    await shipper.stop();
    await topic.delete();
  }
}

/** Hands on what arrives in a topic, as soon as the broker has it, until `signal`. */
async function consume(topic: BenchTopic, arrivals: Arrivals, signal: AbortSignal): Promise<void> {
  const reader = topic.reader();
  await reader.seek('beginning');
  while (!signal.aborted) {
    await reader.poll(({ value }) => arrivals.take(value!, 0, value!.length), 500, [0]);
  }
  reader.close();
}

try {
  console.log(`${linesPerSecond} lines/s of 200 bytes for ${options.seconds} s, ${options.rounds} rounds`);
  console.log(`Kafka ${kafka.version}, ${machine()}\n`);
  const results = await alternated(followers, options.rounds, run);
  const rows = [...results].map(([name, rounds]) => {
    const cpu = rounds.reduce((sum, round) => sum + round.cpu, 0) / (options.seconds * rounds.length);
    return [name, ...spread(rounds.flatMap(({ delays }) => delays)), (cpu * 100).toFixed(1)];
  });
  console.log(table(['append -> consumer', 'p50 (ms)', 'p99 (ms)', 'most (ms)', 'CPU (% of a core)'], rows));
  console.log(`\nAt the end: ${machine()}`);
} finally {
  await kafka.stop();
  await folder.remove();
}
