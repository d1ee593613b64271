/**
 * `pnpm bench:start [ROUNDS] [--only NAMES]`: from the start of the process until its help is printed, and until the first
 * line of a small file is on stdout or at a consumer of Kafka.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startKafka } from '../test/servers/index.ts';
import { TemporaryFolder } from '../test/servers/temporary-folder.ts';
import { bin, logcatchAgent } from './contenders/logcatch.ts';
import { benchOptions, chosen } from './options.ts';
import { type Command, Running } from './process.ts';
import { machine, median, table, whole } from './report.ts';
import { alternated } from './rounds.ts';
import { BenchTopic } from './topic.ts';

/** Milliseconds from a start to what is waited for. @param folder its own, with a file `a.log` of ten lines */
type Scene = (folder: string) => Promise<number>;

const known = ['help', 'console', 'uncached', 'kafka'] as const;
const options = benchOptions({ rounds: 10 }, { only: known.join(',') });
const scenes: Record<(typeof known)[number], Scene> = {
  help: () => printing({ command: process.execPath, args: [bin, '--help'] }),
  console: (folder) => printing(logcatchAgent(folder, `paths: ${folder}/a.log`, 'type: console')),
  // As the very first start on a machine: nothing that Node compiled is kept yet.
  uncached: (folder) =>
    printing({ ...logcatchAgent(folder, `paths: ${folder}/a.log`, 'type: console'), env: { XDG_CACHE_HOME: folder } }),
  kafka: toKafka,
};
const names = chosen(options.only, known);
const folder = new TemporaryFolder('logcatch-bench-');
const kafka = names.includes('kafka') ? await startKafka({ own: true }) : undefined;

/** Until the first byte on its stdout. */
async function printing({ command, args, env }: Command): Promise<number> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  const ended = once(child, 'exit');
  try {
    await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error('it printed nothing')))]);
    return performance.now() - started;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Until a consumer that waits for it has the first line; the topic is there. */
async function toKafka(own: string): Promise<number> {
  const topic = await BenchTopic.create(kafka!.brokers, 'start');
  const reader = topic.reader();
  const started = performance.now();
  const output = `type: kafka, brokers: "${topic.brokers.join(',')}", topic: ${topic.name}`;
  const agent = new Running(logcatchAgent(own, `paths: ${own}/a.log`, output));
  try {
    return await agent.during(async () => {
      await reader.seek('beginning');
      let records = 0;
      while (records === 0) await reader.poll(() => records++, 500, [0]);
      return performance.now() - started;
    });
  } finally {
    reader.close();
    await agent.stop();
    await topic.delete();
  }
}

let runs = 0;
async function run(_name: string, scene: Scene): Promise<number> {
  const own = join(folder.path, `${runs++}`);
  mkdirSync(own);
  writeFileSync(join(own, 'a.log'), 'a line of a small file\n'.repeat(10));
  return scene(own);
}

try {
  console.log(`${options.rounds} rounds after one to warm up; ${machine()}\n`);
  const contenders = new Map(names.map((name) => [name, scenes[name]]));
  await alternated(contenders, 1, run);
  const results = await alternated(contenders, options.rounds, run);
  const rows = [...results].map(([name, times]) => [
    name,
    ...[Math.min(...times), median(times), Math.max(...times)].map(whole),
  ]);
  console.log(table(['start -> first output', 'least (ms)', 'median (ms)', 'most (ms)'], rows));
  console.log(`\nAt the end: ${machine()}`);
} finally {
  await kafka?.stop();
  await folder.remove();
}
