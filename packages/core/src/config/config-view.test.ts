import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ComponentPlugin,
  defineConfigSource,
  defineInput,
  defineOutput,
  duration,
  LogcatchError,
  list,
  secret,
  z,
} from '@logcatch/plugin-api';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { Engine } from '../engine.ts';
import { Log } from '../log.ts';
import { Configuration } from '../reload/configuration.ts';
import { ConfigView } from './config-view.ts';

/** In every place where a password can stand. */
const password = 'hunter2';

const ini = defineConfigSource({
  type: 'ini',
  description: '',
  options: z.strictObject({ password: secret().optional() }),
  create: () => ({
    start: async () => {},
    load: async () => ({
      texts: { kafka: { address: 'k:1,k:2', password, size: '7' } },
      originOf: (path) => ({ file: 'agent.ini', line: 1 + path.length }),
    }),
    stop: async () => {},
  }),
});

const remote = defineConfigSource({
  type: 'remote',
  description: '',
  remote: true,
  options: z.strictObject({ text: z.string(), password: secret().optional() }),
  create: ({ text }) => ({
    start: async () => {},
    load: async () => {
      if (text === '') throw new LogcatchError('LC_SOURCE_ABSENT', 'nothing there');
      return { document: { text, format: 'json', label: 'key /list, revision 42' }, revision: '42' };
    },
    stop: async () => {},
  }),
});

const tail = defineInput({
  type: 'tail',
  description: '',
  options: z.strictObject({ paths: list(), from: z.enum(['beginning', 'end']).default('beginning') }),
  create: () => {
    throw new Error('nothing is made');
  },
});

const kafka = defineOutput({
  type: 'kafka',
  description: '',
  options: z.strictObject({
    brokers: list(),
    size: z.number().default(3),
    linger: duration().prefault('5ms'),
    headers: z.record(z.string(), z.string()).default({}),
    tls: z.union([z.boolean(), z.strictObject({ key_passphrase: secret().optional() })]).default(false),
    sasl: z.strictObject({ mechanism: z.enum(['plain', 'scram']).default('plain'), password: secret() }).optional(),
  }),
  create: () => {
    throw new Error('nothing is made');
  },
});

const yaml = `
max_bytes: 64MiB
http: { listen: 9600, token: "\${env.TOKEN:-${password}}" }
config:
  agent: { type: ini }
  list: { type: remote, text: '[{"path": "/a", "topic": "t"}, {"path": "/b"}]', password: "\${agent.kafka.password}" }
inputs:
  own: { type: tail, paths: ["/x", "\${env.LOGS}/y"] }
  map: { type: tail, each: { a.b: /n, app: /m }, paths: "\${each.value}" }
  app:
    type: tail
    each: "\${list}"
    id: "\${each.path}"
    paths: ["\${each.path}"]
    attributes: { topic: "\${each.topic:-none}" }
outputs:
  kafka:
    type: kafka
    brokers: "\${agent.kafka.address}"
    size: "\${agent.kafka.size}"
    sasl: { password: "\${agent.kafka.password}" }
    queue: { max_records: 5 }
  env: { type: kafka, brokers: b, sasl: { password: "\${env.PASSWORD:-${password}}" } }
  inline: { type: kafka, brokers: b, sasl: { password: ${password} }, tls: { key_passphrase: { file: ${password} } } }
  parts: { type: kafka, brokers: b, sasl: { password: "${password}-\${env.PASSWORD}-${password}" } }
`;

/** Where a text stands in the file: `prod.yaml:LINE:COLUMN`. */
function placeOf(text: string): string {
  const before = yaml.slice(0, yaml.indexOf(text)).split('\n');
  return `prod.yaml:${before.length}:${before.at(-1)!.length + 1}`;
}

async function view(text = yaml, online = true): Promise<ConfigView> {
  const folder = mkdtempSync(join(tmpdir(), 'logcatch-view-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'prod.yaml');
  writeFileSync(file, text);
  const env = { PASSWORD: password, LOGS: '/logs' };
  const load = (plugin: ComponentPlugin) => async () => plugin;
  const engine = new Engine({
    log: new Log({ level: 'error', format: 'json', colors: false, write: () => {} }),
    env,
    bundled: {
      config: { ini: load(ini as ComponentPlugin), remote: load(remote as ComponentPlugin) },
      input: { tail: load(tail as ComponentPlugin) },
      transform: {},
      output: { kafka: load(kafka as ComponentPlugin) },
    },
  });
  const configuration = new Configuration(engine, await engine.read(file), { online });
  const desired = await configuration.start();
  onTestFinished(() => configuration.stop());
  const { loaded, values, sources } = configuration;
  return new ConfigView({ desired, loaded, values, sources, env, host: 'h' });
}

test('the whole state: defaults included, secrets masked, entries of each by their ids', async () => {
  const { yaml } = await view();
  expect(yaml).not.toContain(password);
  const state = parse(yaml);
  expect(state).toMatchObject({
    name: 'prod',
    shutdown_timeout: '5s',
    max_bytes: '64MiB',
    http: { listen: '127.0.0.1:9600', token: '<secret>' },
    config: { agent: { type: 'ini', max_entries: 10_000 }, list: { type: 'remote', password: '<secret>' } },
  });
  expect(Object.keys(state.inputs)).toEqual(['own', 'map/a.b', 'map/app', 'app//a', 'app//b']);
  expect(state.inputs['app//b']).toEqual({
    type: 'tail',
    paths: ['/b'],
    from: 'beginning',
    attributes: { topic: 'none' },
  });
  expect(state.outputs.kafka).toEqual({
    type: 'kafka',
    inputs: ['own', 'map/a.b', 'map/app', 'app//a', 'app//b'],
    brokers: 'k:1,k:2',
    size: 7,
    linger: '5ms',
    headers: {},
    tls: false,
    sasl: { mechanism: 'plain', password: '<secret>' },
    required: true,
    queue: { max_records: 5 },
  });
  expect(state.outputs.inline).toMatchObject({
    sasl: { password: '<secret>' },
    tls: { key_passphrase: '<secret>' },
  });
});

const written = {
  own: placeOf('"${env.LOGS}'),
  paths: placeOf('"${each.value}"'),
  brokers: placeOf('"${agent.kafka.address}"'),
  size: placeOf('"${agent.kafka.size}"'),
  path: placeOf('"${each.path}"]'),
  topic: placeOf('"${each.topic'),
  kafka: placeOf('"${agent.kafka.password}" }\n    queue'),
  list: placeOf('"${agent.kafka.password}" }\ninputs'),
  env: placeOf('"${env.PASSWORD'),
  parts: placeOf(`"${password}-`),
};

test.each([
  ['outputs.kafka.brokers', 'k:1,k:2', 'agent.ini:3', 'agent', '${agent.kafka.address}', written.brokers],
  ['outputs.kafka.size', '7', 'agent.ini:3', 'agent', '${agent.kafka.size}', written.size],
  ['inputs.app//a.paths[0]', '/a', 'key /list, revision 42:1:11', 'list', '${each.path}', written.path],
  ['inputs.app//a.attributes.topic', 't', 'key /list, revision 42:1:26', 'list', '${each.topic:-none}', written.topic],
  ['inputs.app//b.attributes.topic', 'none', written.topic, 'list', '${each.topic:-none}', written.topic],
  ['inputs.own.paths[1]', '/logs/y', written.own, undefined, '${env.LOGS}/y', written.own],
  ['inputs.map/app.paths', '/m', placeOf('/m }'), undefined, '${each.value}', written.paths],
  ['inputs["map/a.b"].paths', '/n', placeOf('/n,'), undefined, '${each.value}', written.paths],
  ['outputs.kafka.sasl.password', '<secret>', 'agent.ini:3', 'agent', '${agent.kafka.password}', written.kafka],
  ['config.list.password', '<secret>', 'agent.ini:3', 'agent', '${agent.kafka.password}', written.list],
  ['outputs.env.sasl.password', '<secret>', 'environment variable PASSWORD', undefined, '${env.PASSWORD}', written.env],
  ['outputs.parts.sasl.password', '<secret>', written.parts, undefined, '${env.PASSWORD}', written.parts],
])('one value: %s', async (key, value, from, source, text, place) => {
  const found = (await view()).explain(key);
  expect(JSON.stringify(found)).not.toContain(password);
  expect(parse(found.text)).toEqual({ [key]: parse(value) });
  expect(found.from.endsWith(from) || found.from).toBe(true);
  expect(found.sources.map(({ name }) => name)).toEqual(source ? [source] : []);
  const { line, column } = found.through!.origin;
  expect([found.through!.text, `prod.yaml:${line}:${column}`]).toEqual([text, place]);
});

test.each([
  ['max_bytes', placeOf('64MiB')],
  ['shutdown_timeout', 'the default of logcatch'],
  ['outputs.kafka.linger', 'the default of kafka'],
  ['outputs.kafka.required', 'the default of logcatch'],
  ['outputs.kafka.inputs', 'the order of the file'],
  ['outputs.kafka.queue.max_records', placeOf('5 }')],
  ['outputs.inline.sasl.password', placeOf(`${password} }, tls`)],
  ['outputs.inline.tls.key_passphrase', placeOf(`{ file: ${password}`)],
  ['config.agent.type', placeOf('ini }')],
])('one value that is written, or a default: %s', async (key, from) => {
  const found = (await view()).explain(key);
  expect(JSON.stringify(found)).not.toContain(password);
  expect(found.from.endsWith(from) || found.from).toBe(true);
  expect(found).toMatchObject({ sources: [], inner: [] });
  expect(found.through).toBeUndefined();
});

test('a map or a list tells of what came into it', async () => {
  const found = (await view()).explain('outputs.kafka');
  expect(JSON.stringify(found)).not.toContain(password);
  expect(found.inner.map(({ text }) => text)).toEqual([
    'outputs.kafka.brokers: k:1,k:2',
    'outputs.kafka.size: 7',
    'outputs.kafka.sasl.password: <secret>',
  ]);
});

test('unknown keys', async () => {
  const whole = await view();
  expect(() => whole.explain('outputs.kafka.broker')).toThrow('did you mean "outputs.kafka.brokers"?');
  const far = (key: string) => {
    try {
      return whole.explain(key).text;
    } catch (error) {
      return (error as LogcatchError).describe();
    }
  };
  expect(far('outputs.inline.completely_different')).toMatch(
    /There are: outputs\.inline\.type, .*outputs\.inline\.sasl/,
  );
  expect(far('zzz')).toContain('inputs.app//a');
  expect(far('')).toContain('LC_CONFIG_UNKNOWN_KEY');
});

test('what waits for a value is named', async () => {
  const offline = await view(yaml, false);
  expect(offline.yaml).toContain('# app is not here: it waits for a value of list.');
  expect(() => offline.explain('inputs.app.paths')).toThrow('inputs.app waits for a value of list');
});
