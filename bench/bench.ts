/**
 * `pnpm bench [LINES] [ROUNDS]`: one file to one partition of a real Kafka, by logcatch (`run --once`, with checkpoints) and by
 * kcat in turn, on this machine, in this run. Start-up is included. See bench/README.md for how to read it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTopic, kafkaClient, startKafka, uniqueTopic } from '../test/servers/index.ts';
import { writeLines } from './lines.ts';
import { type Figures, measure, median } from './process.ts';

const lines = Number(process.argv[2] ?? 2_000_000);
const rounds = Number(process.argv[3] ?? 5);
const bin = fileURLToPath(new URL('../packages/cli/bin/pipeline.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'logcatch-bench-'));
const file = join(folder, 'lines.log');
const kafka = await startKafka({ own: true });
const brokers = kafka.brokers.join(',');

const contenders: Record<string, (topic: string) => Promise<Figures>> = {
  logcatch: (topic) => {
    const pipeline = join(folder, `${topic}.yaml`);
    writeFileSync(
      pipeline,
      `
inputs: { app: { type: file-tail, paths: ${file} } }
outputs: { kafka: { type: kafka, brokers: "${brokers}", topic: ${topic} } }`,
    );
    return measure(process.execPath, [bin, 'run', pipeline, '--once']);
  },
  kcat: (topic) => {
    const options = ['acks=-1', 'enable.idempotence=true', 'linger.ms=5', 'queue.buffering.max.messages=1000000'];
    return measure('kcat', [
      '-P',
      '-b',
      brokers,
      '-t',
      topic,
      '-l',
      file,
      ...options.flatMap((option) => ['-X', option]),
    ]);
  },
};

/** One run on a topic of its own, which must hold every line afterwards. */
async function run(name: string): Promise<Figures> {
  const topic = uniqueTopic(name);
  await createTopic(kafka.brokers, topic, 1);
  const figures = await contenders[name]!(topic);
  const admin = kafkaClient(kafka.brokers).admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets(topic);
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  if (Number(partition!.high) !== lines) throw new Error(`${name}: ${partition!.high} of ${lines} lines arrived`);
  return figures;
}

try {
  writeLines(file, lines);
  console.log(
    `${lines} lines of 200 bytes, ${rounds} rounds, Kafka ${kafka.version}, ${cpus().length} x ${cpus()[0]!.model}, Node ${process.version}`,
  );
  const results = new Map<string, Figures[]>(Object.keys(contenders).map((name) => [name, []]));
  for (const name of results.keys()) await run(name); // warm-up, of the broker too
  for (let round = 0; round < rounds; round++) for (const [name, figures] of results) figures.push(await run(name));

  console.log('median            lines/s   CPU s per million lines   peak RSS (MB)');
  for (const [name, figures] of results) {
    const of = (figure: (each: Figures) => number) => median(figures.map(figure));
    const speed = Math.round(lines / of(({ wall }) => wall)).toLocaleString('en');
    const cpu = (of(({ cpu }) => cpu) / (lines / 1e6)).toFixed(2);
    console.log(
      `${name.padEnd(12)} ${speed.padStart(12)} ${cpu.padStart(25)} ${of(({ memory }) => memory)
        .toFixed(0)
        .padStart(15)}`,
    );
  }
  const [ours, theirs] = [results.get('logcatch')!, results.get('kcat')!];
  const ratios = ours.map(({ cpu }, round) => cpu / theirs[round]!.cpu);
  console.log(
    `CPU, logcatch / kcat, pair by pair: median ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`,
  );
} finally {
  await kafka.stop();
  rmSync(folder, { recursive: true });
}
