import { expect, test } from 'vitest';
import { errorsOf, resolve } from './fixtures/definitions.ts';

const kafka = (options: string) =>
  `inputs: { app: { type: tail, paths: x } }\noutputs:\n  k: { type: kafka, brokers: b, topic: t, ${options} }\n`;
const optionOf = (name: string, value: string) => {
  const [output] = resolve(kafka(`${name}: ${value}`)).outputs;
  return output === undefined ? undefined : (output.resolved as Record<string, unknown>)[name];
};

test.each([
  // Text from env takes the type of its option, and stays text where text is taken.
  ['partitions', '"${env.COUNT}"', 3],
  ['linger', '"${env.COUNT}"', 3],
  ['linger', '"${env.NOPE:-5s}"', '5s'],
  ['acks', '"${env.NOPE:-1}"', 1],
  ['acks', '"${env.NOPE:-all}"', 'all'],
  ['partitions', '"${env.NOPE:-${env.EMPTY:-4}}"', 4],
  ['stuck', '{ dead_letter_after: "${env.COUNT}" }', { dead_letter_after: 3 }],
  // Defaults: unset and empty are one, as in shells.
  ['linger', '"${env.EMPTY:-7ms}"', '7ms'],
  ['linger', '"${env.COUNT}${env.EMPTY}ms"', '3ms'],
  ['linger', '"${env.COUNT:-9}ms"', '3ms'],
])('%s: %s is %j', (name, text, value) => {
  expect(optionOf(name, text)).toEqual(value);
});

test('text stays text where its option takes text', () => {
  const [output] = resolve(
    'inputs: { app: { type: tail, paths: x } }\noutputs: { k: { type: kafka, brokers: "${env.BROKERS}", topic: "${env.COUNT}" } }',
  ).outputs;
  expect(output?.resolved).toEqual({ brokers: 'a:1, b:2', topic: '3' });
  expect(output?.options).toMatchObject({ brokers: ['a:1', 'b:2'], topic: { text: '3' } });
});

test('core fields and top-level keys are resolved too', () => {
  const desired = resolve(`
name: "p-\${host}"
agent_id: "\${host}"
shutdown_timeout: "\${env.COUNT}"
max_bytes: "\${env.NOPE:-2MiB}"
inputs:
  app: { type: "\${env.NOPE:-tail}", paths: x, chunk: "\${env.CHUNK}", attributes: { lit: "$\${host}", n: 1.5, b: true, h: "\${host}" } }
outputs:
  out: { type: console, required: "\${env.NOPE:-false}", queue: { max_records: "\${env.MANY}" } }
`);
  expect(desired).toMatchObject({ name: 'p-web-1', agentId: 'web-1', shutdownTimeout: 3, maxBytes: 2 ** 21 });
  expect(desired.inputs[0]).toMatchObject({ options: { chunk: 65536 }, resolved: { paths: 'x', chunk: 65536 } });
  expect(desired.inputs[0]?.attributes).toEqual({ lit: '${host}', n: '1.5', b: 'true', h: 'web-1' });
  expect(desired.outputs[0]).toMatchObject({ required: false, maxRecords: 12 });
});

test('a value of a source is never looked through again', () => {
  const desired = resolve(`
inputs: { app: { type: tail, each: [{ p: "$\${env.BROKERS}" }], paths: "\${each.p}" } }
outputs: { out: { type: console } }
`);
  expect(desired.inputs[0]?.resolved).toEqual({ paths: '${env.BROKERS}' });
});

test.each([
  [
    'partitions: "${env.HALF}"',
    'p.yaml:3:55 LC_CONFIG_VALUE outputs.k.partitions: expected a whole number, got "1.5" from ${env.HALF}. See `pipeline plugins kafka`.',
  ],
  [
    'partitions: "${env.MANY}"',
    'p.yaml:3:55 LC_CONFIG_VALUE outputs.k.partitions: expected at most 9, got "12" from ${env.MANY}. See `pipeline plugins kafka`.',
  ],
  [
    'partitions: "${env.WORD}"',
    'p.yaml:3:55 LC_CONFIG_VALUE outputs.k.partitions: expected a number, got "word" from ${env.WORD}. See `pipeline plugins kafka`.',
  ],
  [
    'partitions: "3"',
    'p.yaml:3:55 LC_CONFIG_VALUE outputs.k.partitions: expected a number, got "3". See `pipeline plugins kafka`.',
  ],
  [
    'partitions: "1${env.COUNT}"',
    'p.yaml:3:55 LC_CONFIG_VALUE outputs.k.partitions: expected a number, got "13". See `pipeline plugins kafka`.',
  ],
  [
    'linger: "${env.CONUT}"',
    'p.yaml:3:51 LC_CONFIG_UNKNOWN_NAME outputs.k.linger: ${env.CONUT} is not set and has no default, did you mean ${env.COUNT}?',
  ],
  [
    'linger: "${COUNT}"',
    'p.yaml:3:51 LC_CONFIG_UNKNOWN_NAME outputs.k.linger: ${COUNT} names nothing, did you mean ${env.COUNT}?',
  ],
  [
    'linger: "${vault.token}"',
    'p.yaml:3:51 LC_CONFIG_UNKNOWN_NAME outputs.k.linger: ${vault.token} names nothing. Valid here: env, host.',
  ],
  [
    'linger: "${host.name}"',
    'p.yaml:3:51 LC_CONFIG_UNKNOWN_NAME outputs.k.linger: ${host.name} names nothing. Valid here: host.',
  ],
  [
    'linger: "${each.x}"',
    'p.yaml:3:51 LC_CONFIG_UNKNOWN_NAME outputs.k.linger: ${each.x} names nothing: only an input with `each` has it. Define it, or give a default: `${source.path:-default}`. Write `$${` for a literal `${`.',
  ],
  [
    'linger: "${env.COUNT"',
    'p.yaml:3:51 LC_CONFIG_TEMPLATE outputs.k.linger: "${" without "}". Write `${source.path}` or `${source.path:-default}`, and `$${` for a literal `${`.',
  ],
])('%s is refused', (options, line) => {
  expect(errorsOf(kafka(options))).toEqual([line]);
});

test('no message shows any of a secret', () => {
  const sasl = (password: string) => kafka(`sasl: { mechanism: plain, user: u, password: ${password} }`);
  const texts = [
    '[hunter2]',
    '"hun${ter2"',
    '"${hunter2}"',
    '"${env.NOPE:-hunter2}${host.hunter}"',
    '{ fle: hunter2 }',
    '{ file: [hunter2] }',
  ];
  for (const text of texts) {
    const errors = errorsOf(sasl(text)).join('\n');
    expect(errors).toContain('outputs.k.sasl.password');
    expect(errors.replaceAll('${host.hunter}', '')).not.toContain('hunter2');
  }
});
