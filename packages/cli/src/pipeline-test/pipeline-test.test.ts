import { globSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { ConfigErrors } from '@logcatch/core';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { judge } from './judge.ts';
import { play } from './play.ts';
import { resultText } from './report.ts';
import { readTests } from './test-file.ts';

/** Writes files into a folder that goes with the test, and returns the path of the first. */
function written(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'logcatch-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return join(folder, Object.keys(files)[0]!);
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** The output of the tests of a file, its folder left out. */
async function resultOf(file: string): Promise<string> {
  const texts: string[] = [];
  for (const one of await readTests(file)) {
    const outcome = await play(one);
    texts.push(resultText(one.name, judge(one, outcome), outcome));
  }
  return stripVTControlCharacters(texts.join('\n')).replaceAll(file.replace(/[^/]*$/, ''), '');
}

/** What is wrong with the tests of a file. */
async function errorsOf(file: string): Promise<string[]> {
  const error = await resultOf(file).catch((error: unknown) => error);
  if (!(error instanceof ConfigErrors)) throw new Error(`no ConfigErrors but ${error}`);
  return error.errors.map((each) => each.describe().replaceAll(file.replace(/[^/]*$/, ''), ''));
}

describe('our own pipelines', () => {
  for (const file of globSync(fileURLToPath(new URL('../../../../pipelines/*.test.yaml', import.meta.url)))) {
    test(file.split('/').at(-1)!, async () => {
      for (const line of (await resultOf(file)).split('\n')) expect(line).toMatch(/^✓ /);
    });
  }
});

const shop = `http: 0
inputs:
  app: { type: file-tail, paths: "logs/{service}/*.log", attributes: { team: shop } }
  other: { type: file-tail, paths: [other.log, both.log] }
  third: { type: file-tail, paths: both.log }
transforms:
  blank: { type: drop-blank, inputs: [app, other, third] }
  parse: { type: parse, format: json, inputs: blank }
  limit: { type: rate-limit, limit: 2, inputs: parse }
  route: { type: route, routes: { errors: 'level == "error"' }, inputs: limit }
outputs:
  kafka:
    type: kafka
    brokers: "\${env.BROKERS}"
    topic: "{{ service }}"
    headers: { team: "{{ team:-none }}" }
    value: json
    inputs: [route.errors]
  extra: { type: console, format: pretty, inputs: [route.errors], required: false }
  file: { type: file, path: "out/{{ service }}.log", value: json, inputs: [route.errors] }
`;

test('what stands at both ends is not opened, and what lies between is real', async () => {
  const file = written({
    'shop.test.yaml': `
env: { BROKERS: "nobody:1" }
tests:
  - name: records, attributes of the path, drops by whom, exits and the time that passes
    given:
      - path: logs/web/1.log
        lines: |
          {"level":"error"}

          {"level":"info"}
          {"level":"info"}
      - { path: logs/api/1.log, lines: ['{"level":"error","n":1}'], after: 1s }
    expect:
      outputs:
        kafka:
          - { topic: web, headers: { team: shop }, json: { level: error, service: web, host: localhost } }
          - { topic: api, attributes: { service: api, n: "1" }, key: null }
        extra: ['1.log {"level":"error"}', { contains: '"n":1' }]
        file: [{ path: out/web.log, json: { message: '{"level":"error"}' } }, { path: out/api.log }]
      exits: { route.errors: [{ contains: error }, { contains: error }], route.unmatched: 1 }
      dropped: [{ value: "", by: blank }, { value: '{"level":"info"}', by: route.unmatched }, { by: limit }]
  - name: a record without a value for the topic goes to the dead letters
    given: { path: other.log, lines: ['{"level":"error"}'] }
    expect:
      dead_letters: { kafka: [{ code: LC_RECORD_NO_VALUE, reason: { contains: service } }], file: 1 }
      outputs: { kafka: [] }
`,
    'shop.yaml': shop,
  });
  // Where everything that is made for a while is made.
  vi.stubEnv('TMPDIR', dirname(file));
  const listen = vi.spyOn(Server.prototype, 'listen');
  expect((await resultOf(file)).split('\n')).toEqual([expect.stringMatching(/^✓ rec/), expect.stringMatching(/^✓ a/)]);
  expect(readdirSync(dirname(file))).toEqual(['shop.test.yaml', 'shop.yaml']);
  // The control socket is a path in a folder that has gone.
  expect(listen.mock.calls.filter(([place]) => typeof place !== 'string')).toEqual([]);
});

test('a failure shows what was expected where, what came instead, and what was dropped', async () => {
  const file = written({
    'a.yaml': `inputs: { app: { type: file-tail, paths: "*.log" } }
transforms: { blank: { type: drop-blank } }
outputs: { screen: { type: console } }
tests:
  - name: fails
    given: [one, "", two, three]
    expect:
      outputs:
        screen:
          - one
          - { value: TWO }
          - three
          - four
  - name: counts
    given: [one]
    expect: { dropped: 1 }
`,
  });
  expect((await resultOf(file)).split('\n')).toEqual([
    '✗ fails',
    '    a.yaml:11:13  outputs.screen[1]',
    '      - value  "TWO"',
    '      + value  "two"',
    '    a.yaml:13:13  outputs.screen[3]',
    '      - did not come: "four"',
    '        dropped by blank: ""',
    '✗ counts',
    '    a.yaml:16:24  dropped',
    '      - 1 record',
    '      + 0 records',
  ]);
});

test('dead letters that a test does not name, and components that throw, make it fail', async () => {
  const file = written({
    'a.yaml': `plugins: [./broken.ts]
inputs: { app: { type: file-tail, paths: "*.log" } }
transforms: { broken: { type: broken } }
outputs: { kafka: { type: kafka, brokers: "nobody:1", topic: "{{ topic }}" } }
tests:
  - { name: letters, given: [one], expect: { dropped: 0 } }
  - { name: throws, given: [one, bad], expect: { dropped: 0 } }
`,
    'broken.ts': `import { defineTransform, z } from '@logcatch/plugin-api';
export default defineTransform({
  type: 'broken',
  description: 'Throws.',
  options: z.strictObject({}),
  create: () => ({
    apply: (batch) => batch.filter(({ text }) => {
      if (text === 'bad') throw new Error('cannot read this');
      return true;
    }),
  }),
});
`,
  });
  const lines = (await resultOf(file)).split('\n');
  expect(lines.slice(0, 3)).toEqual([
    '✗ letters',
    '    a.yaml:6:44  dead_letters.kafka',
    expect.stringMatching(/^ {6}\+ not expected: "one", code "LC_RECORD_NO_VALUE", reason/),
  ]);
  expect(lines.at(-2)).toBe('✗ throws');
  expect(lines.at(-1)).toMatch(/broken\.ts:8:\d+ LC_PLUGIN_THREW broken: cannot read this/);
});

describe('what is wrong with a test is told with its place', () => {
  const wrong = (tests: string) =>
    errorsOf(written({ 'shop.yaml': `${shop}tests:\n  - name: wrong\n    env: { BROKERS: "b:1" }\n${tests}` }));

  test.each([
    ['a key', '    given: [x]\n    expects: {}', /:25:5 LC_CONFIG_UNKNOWN_KEY .* did you mean "expect"/],
    ['nothing expected', '    given: [x]\n    expect: {}', /cannot fail/],
    [
      'an output',
      '    given: { path: other.log, lines: x }\n    expect: { outputs: { kafak: 1 } }',
      /did you mean "kafka"/,
    ],
    [
      'an exit',
      '    given: { path: other.log, lines: x }\n    expect: { exits: { route.error: 1 } }',
      /"route.errors"/,
    ],
    ['no input', '    given: { input: ap, lines: x }\n    expect: { dropped: 1 }', /no input "ap", did you mean "app"/],
    ['a path of none', '    given: { path: x, lines: x }\n    expect: { dropped: 1 }', /:24:20 .*no input would read/],
    ['a path of two', '    given: { path: both.log, lines: x }\n    expect: { dropped: 1 }', /: other, third/],
  ])('%s', async (_, tests, message) => {
    expect(await wrong(tests)).toContainEqual(expect.stringMatching(message));
  });

  test('a field that no record of the output has', async () => {
    const lines = `{ path: logs/a/b.log, lines: '{"level":"error"}' }`;
    const found = await wrong(`    given: ${lines}\n    expect: { outputs: { kafka: [{ topik: a }] } }`);
    expect(found).toEqual([expect.stringMatching(/:25:43 LC_CONFIG_UNKNOWN_KEY .*"topik", did you mean "topic"/)]);
  });

  test('a source without a value, and one whose value is refused', async () => {
    const pipeline = `config: { list: { type: etcd, endpoints: "a:1", key: /k } }
inputs: { app: { type: file-tail, each: "\${list}", paths: ["\${each.path}"] } }
outputs: { screen: { type: console } }
tests:
  - { name: one, given: [x], expect: { dropped: 1 }`;
    expect(await errorsOf(written({ 'a.yaml': `${pipeline} }` }))).toEqual([
      expect.stringMatching(
        /^a\.yaml:5:5 .*"list" has no value.*the test gives it no value.*`config: \{ list: \.\.\. \}`/,
      ),
    ]);
    expect(await errorsOf(written({ 'a.yaml': `${pipeline}, config: { list: { a: 1 } } }` }))).toEqual([
      expect.stringMatching(/"list" has no value.* a\.yaml:5:\d+ LC_CONFIG_/),
    ]);
  });

  test('no test at all', async () => {
    expect(await errorsOf(written({ 'shop.yaml': shop }))).toEqual([
      expect.stringMatching(/it has no tests\. Write them under `tests:`, or in shop\.test\.yaml/),
    ]);
  });
});
