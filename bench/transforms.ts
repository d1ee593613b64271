/**
 * `pnpm bench:transforms [LINES] [ROUNDS] [--only mask,cri]`: what each transform and each framing costs. A pipeline from a file
 * to the console (to nowhere), bare and with one of them, in turn, in this run. See bench/README.md for how to read it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryFolder } from '../test/servers/temporary-folder.ts';
import { bin } from './contenders/logcatch.ts';
import { gnuTime } from './gnu-time.ts';
import { type LineOf, writeLines } from './lines.ts';
import { benchOptions, chosen } from './options.ts';
import { measure } from './process.ts';
import { machine, median, table } from './report.ts';
import { alternated } from './rounds.ts';

const rest = 'abcdefghij '.repeat(20);
const filled = (begin: string, end: string) => begin + rest.slice(0, 199 - begin.length - end.length) + end;

/** Lines of 200 bytes each, line end included. */
const forms = {
  text: (n) => filled(`${n} GET /orders/${n % 1000} 200 `, ''),
  secrets: (n) => filled(`${n} GET /orders?token=a${n} 200 `, n % 10 === 0 ? ' ann@example.com 4111111111111111' : ''),
  json: (n) => filled(`{"level":"info","id":${n},"http":{"method":"GET","status":200},"msg":"`, '"}'),
  logfmt: (n) => filled(`level=info id=${n} method=GET status=200 took=5ms msg="`, '"'),
  access: (n) => filled(`10.0.0.1 - ann [22/Nov/2026:10:00:00 +0000] "GET /orders/${n} HTTP/1.1" 200 512 "-" "`, '"'),
  traces: (n) => filled(n % 5 === 0 ? `${n} ERROR order failed ` : `    at shop.Order.place(Order.java:${n}) `, ''),
  cri: (n) => filled(`2026-11-22T10:00:00.123456789Z stdout F ${n} GET /orders/${n % 1000} 200 `, ''),
  docker: (n) =>
    filled(
      `{"log":"${n} GET /orders/${n % 1000} 200 `,
      '\\n","stream":"stdout","time":"2026-11-22T10:00:00.123456789Z"}',
    ),
  utf16: (n) => filled(`${n} GET /orders/${n % 1000} 200 `, ''),
} as const satisfies Record<string, LineOf>;
type Form = keyof typeof forms;

/** A transform as YAML, and the lines it gets, or options of the input. Without any: the bare pipeline. */
type Scene = readonly [form: Form, transform?: string | undefined, framing?: string];
const scenes: Readonly<Record<string, Scene>> = {
  ...Object.fromEntries(Object.keys(forms).map((form) => [`bare-${form}`, [form as Form]])),
  'drop-blank': ['text', 'type: drop-blank'],
  filter: ['text', `type: filter, condition: '!message.contains("healthcheck")'`],
  'filter-attribute': ['text', `type: filter, condition: 'name.endsWith(".log")'`],
  'filter-matches': ['text', `type: filter, condition: 'message.matches("GET /orders")'`],
  attributes: ['text', 'type: attributes, set: { topic: "{{ name }}-logs" }'],
  sample: ['text', 'type: sample, rate: 2'],
  'rate-limit': ['text', 'type: rate-limit, limit: 1000000000'],
  route: ['text', `type: route, routes: { errors: 'message.contains("ERROR")' }`],
  mask: ['text', 'type: mask'],
  'mask-own': ['text', `type: mask, kinds: [], patterns: ['user-\\d+']`],
  'mask-found': ['secrets', 'type: mask'],
  'parse-json': ['json', 'type: parse, format: json'],
  'parse-logfmt': ['logfmt', 'type: parse, format: logfmt'],
  'parse-regex': [
    'text',
    `type: parse, format: regex, pattern: '^(?<id>\\d+) (?<method>\\w+) (?<url>\\S+) (?<status>\\d+)'`,
  ],
  'parse-combined': ['access', 'type: parse, format: combined'],
  'multiline-start': ['text', undefined, `multiline: { start: '^\\d' }`],
  'multiline-continue': ['traces', undefined, `multiline: { continue: '^\\s' }`],
  cri: ['cri', undefined, 'format: cri'],
  docker: ['docker', undefined, 'format: docker'],
  'cri-multiline': ['cri', undefined, `format: cri, multiline: { start: '^\\d' }`],
  latin1: ['text', undefined, 'encoding: latin1'],
  gbk: ['text', undefined, 'encoding: gbk'],
  'utf-16le': ['utf16', undefined, 'encoding: utf-16le'],
};

const names = Object.keys(scenes);
const transforms = names.filter((name) => !name.startsWith('bare-'));
const options = benchOptions({ lines: 1_000_000, rounds: 5 }, { only: transforms.join(',') });
const wanted = chosen(options.only, transforms);
const bareOf = (name: string) => `bare-${scenes[name]![0]}`;
const contenders = new Map(
  [...new Set(wanted.flatMap((name) => [bareOf(name), name]))].map((name) => [name, scenes[name]!]),
);
const time = await gnuTime();
const folder = new TemporaryFolder('logcatch-bench-');
const files = new Map<Form, string>();
let runs = 0;

function written(form: Form): string {
  const lines = writeLines(join(folder.path, form), options.lines, 1, forms[form]);
  if (form === 'utf16') for (const file of lines.files) writeFileSync(file, readFileSync(file, 'latin1'), 'utf16le');
  return lines.pattern;
}

/** One run from the beginning of the file. @returns CPU seconds per million lines */
async function run(name: string, [form, transform, framing]: Scene): Promise<number> {
  if (!files.has(form)) files.set(form, written(form));
  const own = join(folder.path, `${name}-${runs++}`);
  mkdirSync(own);
  const file = join(own, 'bench.yaml');
  const exits = name === 'route' ? 'inputs: [it.errors, it.unmatched], ' : '';
  const document = [
    `inputs: { app: { type: file-tail, paths: "${files.get(form)}"${framing ? `, ${framing}` : ''} } }`,
    ...(transform ? [`transforms: { it: { ${exits && 'inputs: [app], '}${transform} } }`] : []),
    `outputs: { out: { ${exits}type: console, format: text } }`,
  ];
  writeFileSync(file, document.join('\n'));
  const { cpu } = await measure(time, { command: process.execPath, args: [bin, 'run', file, '--once'] });
  return cpu / (options.lines / 1e6);
}

try {
  console.log(`${options.lines} lines of 200 bytes in one file, ${options.rounds} rounds\n${machine()}\n`);
  await alternated(contenders, 1, run); // warm-up
  const results = await alternated(contenders, options.rounds, run);
  const rows = wanted.map((name) => {
    const [own, bare] = [results.get(name)!, results.get(bareOf(name))!];
    const more = own.map((cpu, round) => cpu - bare[round]!);
    const spread = `${Math.min(...more).toFixed(2)} to ${Math.max(...more).toFixed(2)}`;
    return [name, median(own).toFixed(2), median(bare).toFixed(2), median(more).toFixed(2), spread];
  });
  const head = [`CPU s per million lines, median of ${options.rounds}`, 'with it', 'bare', 'more', 'least to most'];
  console.log(table(head, rows));
  console.log(`\nAt the end: ${machine()}`);
} finally {
  await folder.remove();
}
