/**
 * `pnpm bench:reload [ROUNDS]`: how long a change of a list in etcd takes to show. Each round lists one more file, which has
 * a line already, and waits for that line at the broker: put, watch, resolve, open, Kafka, consumer. With 1, 100 and 1,000
 * entries in the list besides. Servers and consumer on this machine, in this run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createTopic, startEtcd, startKafka, uniqueTopic } from '../test/servers/index.ts';
import { TemporaryFolder } from '../test/servers/temporary-folder.ts';
import { TopicReader } from '../test/servers/topic.ts';
import { EtcdKey } from '../test/support/etcd.ts';
import { percentile } from '../test/support/percentile.ts';
import { bin } from './contenders/logcatch.ts';
import { benchOptions } from './options.ts';
import { Running } from './process.ts';
import { machine, table } from './report.ts';

const { rounds } = benchOptions({ rounds: 100 }, {});
/** Milliseconds for any one step. */
const limit = 60_000;
const folder = new TemporaryFolder('logcatch-bench-');
const [kafka, etcd] = await Promise.all([startKafka({ own: true }), startEtcd({ own: true })]);

/** Milliseconds of each round. */
async function measure(entries: number): Promise<number[]> {
  const own = join(folder.path, String(entries));
  mkdirSync(own);
  const topic = uniqueTopic('reload');
  await createTopic(kafka.brokers, topic, 1);
  const list = new EtcdKey(etcd.endpoints[0]!);
  const entry = (id: string) => {
    const path = join(own, `${id}.log`);
    writeFileSync(path, `${id}\n`);
    return { path };
  };
  const before = Array.from({ length: entries }, (_, index) => entry(`old${index}`));
  await list.put(before);
  const file = join(own, 'reload.yaml');
  writeFileSync(
    file,
    `
config: { collect: { type: etcd, endpoints: "${etcd.endpoints.join(',')}", key: ${list.key} } }
inputs: { app: { type: file-tail, each: "\${collect}", paths: ["\${each.path}"], roots: ${own} } }
outputs: { kafka: { type: kafka, brokers: "${kafka.brokers.join(',')}", topic: ${topic} } }`,
  );
  const agent = new Running({ command: process.execPath, args: [bin, 'run', file] });
  const reader = new TopicReader(kafka.brokers, topic);
  try {
    await reader.seek('beginning');
    const arrived = new Set<string>();
    const until = async (done: () => boolean) => {
      for (const deadline = Date.now() + limit; !done(); ) {
        if (Date.now() > deadline) throw new Error(`${entries} entries: only ${arrived.size} lines after ${limit} ms`);
        await reader.poll(({ value }) => arrived.add(value!.toString()), 100, reader.positions.keys());
      }
    };
    await until(() => arrived.size >= entries);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const next = [...before, entry(`new${round}`)];
      const from = performance.now();
      await list.put(next);
      await until(() => arrived.has(`new${round}`));
      times.push(performance.now() - from);
      await list.put(before);
      await removed(agent, round + 1);
    }
    return times;
  } finally {
    reader.close();
    await agent.stop();
  }
}

/** Waits until an agent has said so many times that inputs were removed. */
async function removed(agent: Running, times: number): Promise<void> {
  for (const deadline = Date.now() + limit; agent.stderr.split('remove app/').length <= times; ) {
    if (Date.now() > deadline) throw new Error(`the agent removed nothing:\n${agent.stderr}`);
    await setTimeout(5);
  }
}

try {
  console.log(`${rounds} rounds, etcd ${etcd.version}, Kafka ${kafka.version}, ${machine()}\n`);
  const rows: string[][] = [];
  for (const entries of [1, 100, 1_000]) {
    const times = await measure(entries);
    rows.push([String(entries), ...[0.5, 0.95, 1].map((share) => percentile(times, share).toFixed(0))]);
  }
  console.log(table(['entries', 'p50 (ms)', 'p95 (ms)', 'most (ms)'], rows));
} finally {
  await Promise.all([kafka.stop(), etcd.stop()]);
  await folder.remove();
}
