/**
 * `pnpm bench [LINES] [ROUNDS] [--codec none|zstd] [--files N] [--only NAMES]`: lines of files to one partition of a real
 * Kafka, by logcatch (`run --once`, with checkpoints) and by what users would run instead, in turn, on this machine, in
 * this run. Start-up is included. See bench/README.md for how to read it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startKafka } from '../test/servers/index.ts';
import { TemporaryFolder } from '../test/servers/temporary-folder.ts';
import type { Codec, Contender } from './contenders/contender.ts';
import { type ContenderName, names, ready } from './contenders/index.ts';
import { gnuTime } from './gnu-time.ts';
import { writeLines } from './lines.ts';
import { benchOptions, chosen } from './options.ts';
import { type Figures, measure } from './process.ts';
import { machine, median, table, whole } from './report.ts';
import { alternated } from './rounds.ts';
import { BenchTopic } from './topic.ts';

const options = benchOptions({ lines: 2_000_000, rounds: 5 }, { codec: 'none', files: '1', only: names.join(',') });
const [codec] = chosen<Codec>(options.codec, ['none', 'zstd']) as [Codec];
const time = await gnuTime();
const contenders = await ready(chosen(options.only, names));
for (const [name, { codecs }] of contenders) {
  if (codecs.includes(codec)) continue;
  console.error(`SKIPPED ${name}: it does not know ${codec}`);
  contenders.delete(name);
}
const folder = new TemporaryFolder('logcatch-bench-');
// What was read and checked is deleted at once, and not a minute later, in the middle of someone's run.
const kafka = await startKafka({ own: true, config: { 'log.segment.delete.delay.ms': '0' } });
const linesOf = ({ share }: Contender) => Math.ceil(options.lines * share);
const workloads = new Map(
  [...new Set([...contenders.values()].map(linesOf))].map((count) => {
    return [count, writeLines(join(folder.path, `${count}-lines`), count, Number(options.files))];
  }),
);

/** One run on a topic of its own, which must hold every line afterwards. */
async function run(name: ContenderName, contender: Contender): Promise<Figures> {
  const { files, pattern, count } = workloads.get(linesOf(contender))!;
  const topic = await BenchTopic.create(kafka.brokers, name);
  const own = join(folder.path, topic.name);
  mkdirSync(own);
  const shipment = { brokers: kafka.brokers, topic: topic.name, codec, files, pattern, lines: count, folder: own };
  const arrived = (signal: AbortSignal) => topic.holds(count, signal);
  const over = new AbortController();
  const beside = contender.beside?.(shipment, over.signal);
  const figures = await measure(time, contender.ship(shipment), contender.ends ? undefined : arrived).finally(() =>
    over.abort(),
  );
  await beside;
  const repeated = await topic.check(count);
  if (repeated > 0) console.error(`${name}: ${repeated} lines came more than once`);
  await topic.delete();
  return figures;
}

/** What A needs for each that B needs, pair by pair. */
function ratio(results: ReadonlyMap<string, Figures[]>, a: ContenderName, b: ContenderName): string[] {
  const [ours, theirs] = [results.get(a), results.get(b)];
  if (!ours || !theirs) return [];
  const shown = (figure: (each: Figures) => number) => {
    const ratios = ours.map((each, round) => figure(each) / figure(theirs[round]!));
    return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`;
  };
  const [cpu, speed] = [shown(({ cpu }) => cpu), shown(({ wall }) => 1 / wall)];
  return [`${a} / ${b}, pair by pair: CPU ${cpu}, lines/s ${speed}`];
}

try {
  console.log(
    `${options.lines} lines of 200 bytes in ${options.files} file(s), codec ${codec}, ${options.rounds} rounds`,
  );
  console.log(`Kafka ${kafka.version}, ${machine()}\n`);
  await alternated(contenders, 1, run); // warm-up, of the broker too
  const results = await alternated(contenders, options.rounds, run);
  const head = [`median of ${options.rounds}`, 'lines', 'lines/s', 'CPU s per million lines', 'peak RSS (MB)'];
  const rows = [...contenders].map(([name, contender]) => {
    const of = (figure: (each: Figures) => number) => median(results.get(name)!.map(figure));
    const lines = linesOf(contender);
    const speed = lines / of(({ wall }) => wall);
    const cpu = of(({ cpu }) => cpu) / (lines / 1e6);
    return [contender.title, whole(lines), whole(speed), cpu.toFixed(2), whole(of(({ memory }) => memory))];
  });
  console.log(table(head, rows));
  const pairs = [
    ['logcatch', 'kcat'],
    ['logcatch', 'rsyslog'],
    ['exactly-once', 'logcatch'],
    ['watched', 'logcatch'],
  ] as const;
  for (const [ours, theirs] of pairs) for (const line of ratio(results, ours, theirs)) console.log(line);
  console.log(`\nAt the end: ${machine()}`);
} finally {
  await kafka.stop();
  await folder.remove();
}
