/**
 * `pnpm bench:reload [ROUNDS]`: how long a change of a list in etcd takes to show. Each round lists one more file, which has
 * a line already, and waits for that line at the broker: put, watch, resolve, open, Kafka, consumer. With 1, 100 and 1,000
 * entries in the list besides. Servers and consumer on this machine, in this run.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createTopic, startEtcd, startKafka, uniqueTopic } from '../test/servers/index.ts';
import { TopicReader } from '../test/servers/topic.ts';
import { EtcdKey } from '../test/support/etcd.ts';
import { percentile } from '../test/support/percentile.ts';

const rounds = Number(process.argv[2] ?? 100);
const bin = fileURLToPath(new URL('../packages/cli/bin/pipeline.js', import.meta.url));
/** Milliseconds for any one step. */
const limit = 60_000;
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'logcatch-bench-')));
const [kafka, etcd] = await Promise.all([startKafka({ own: true }), startEtcd({ own: true })]);

/** Milliseconds of each round. */
async function measure(entries: number): Promise<number[]> {
  const own = join(folder, String(entries));
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
  const agent = startAgent(file);
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
      await agent.removed(round + 1);
    }
    return times;
  } finally {
    reader.close();
    await agent.stop();
  }
}

/** A `pipeline run`, and how often it has said that inputs were removed. */
function startAgent(file: string) {
  const child = spawn(process.execPath, [bin, 'run', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((resolve) => child.on('close', resolve));
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  return {
    removed: async (times: number) => {
      for (const deadline = Date.now() + limit; log.split('remove app/').length <= times; ) {
        if (Date.now() > deadline) throw new Error(`the agent removed nothing:\n${log}`);
        await setTimeout(5);
      }
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

try {
  console.log(
    `${rounds} rounds, etcd ${etcd.version}, Kafka ${kafka.version}, ${cpus().length} x ${cpus()[0]!.model}, Node ${process.version}`,
  );
  console.log('entries   p50 (ms)   p95 (ms)   most (ms)');
  for (const entries of [1, 100, 1_000]) {
    const times = await measure(entries);
    const shown = [0.5, 0.95, 1].map((share) => percentile(times, share).toFixed(0));
    console.log(`${String(entries).padStart(7)} ${shown.map((text) => text.padStart(10)).join(' ')}`);
  }
} finally {
  await Promise.all([kafka.stop(), etcd.stop()]);
  rmSync(folder, { recursive: true });
}
