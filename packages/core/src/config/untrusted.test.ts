import {
  type ConfigSourceDefinition,
  condition,
  defineConfigSource,
  defineInput,
  defineOutput,
  defineTransform,
  pattern,
  secret,
  template,
  z,
} from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { parseDocument } from './document.ts';
import { ConfigErrors } from './errors.ts';
import { scope } from './fixtures/definitions.ts';
import { Problems } from './problem.ts';
import { resolveDocument } from './resolve.ts';
import type { SourceValues } from './source-section.ts';
import { configValue } from './value.ts';

const create = (): never => {
  throw new Error('configuration creates nothing');
};
const searching = z.strictObject({
  condition: condition().optional(),
  // As a schema may: what it makes is not where the file has it.
  patterns: z
    .array(pattern())
    .optional()
    .transform((patterns) => patterns?.map((pattern) => ({ pattern }))),
  replacement: z.string().optional(),
});
const servers = z.strictObject({
  servers: z.string(),
  login: z.strictObject({ mechanism: z.string(), user: z.string(), password: secret() }).optional(),
  tls: z.union([z.boolean(), z.strictObject({ ca: z.string().optional() })]).optional(),
});
const login = { login: 'login', servers: 'servers', authority: 'tls.ca', protection: ['tls', 'login.mechanism'] };
const definitions = [
  defineTransform({ type: 'search', description: '', options: searching, create }).definition,
  defineInput({ type: 'lines', description: '', options: searching, limit: 'replacement', create }).definition,
  defineOutput({
    type: 'written',
    description: '',
    options: z.strictObject({ path: template(), note: template() }),
    writes: ({ path }) => path,
    create,
  }).definition,
  defineOutput({ type: 'servers', description: '', options: servers, login, create }).definition,
];
const source = (type: string, remote: boolean) =>
  defineConfigSource({ type, description: '', remote, options: servers.partial(), login, create }).definition;
const sources = [source('far', true), source('near', false)] as ConfigSourceDefinition[];

const values = {
  file: { file: '/home/me/.ssh/id_rsa' },
  tls: { ca: 'ca.pem' },
  no: false,
  text: 'error',
  bad: '(a+)+$',
  search: 'message.matches("(a+)+$")',
  plain: 'message.contains("x")',
  list: ['(a+)+$'],
  entries: [{ name: 'one', patterns: ['(a+)+$'] }],
};

function errorsOf(transform: string, input = '{ type: tail, paths: x }', output = '{ type: console }'): string[] {
  const text = `config: { far: { type: far }, near: { type: near } }
inputs: { in: ${input} }
transforms: { t: ${transform} }
outputs: { out: ${output} }`;
  const origin = { file: 'far away', line: 1 };
  const value = configValue(values, { originOf: () => origin, keyOriginOf: () => origin }, new Problems());
  return errorsIn(
    text,
    new Map([
      ['far', value],
      ['near', value],
    ]),
  );
}

function errorsIn(text: string, values: SourceValues): string[] {
  const document = parseDocument('p.yaml', text);
  try {
    resolveDocument(document, document.value, {
      ...scope,
      values,
      definitionOf: (kind, type) =>
        definitions.find((one) => one.kind === kind && one.type === type) ?? scope.definitionOf(kind, type),
      sourceDefinition: (type) => sources.find((one) => one.type === type),
      sourceTypes: () => ['far', 'near'],
    });
    return [];
  } catch (error) {
    if (error instanceof ConfigErrors) return error.errors.map((each) => each.describe());
    throw error;
  }
}

test('a regular expression of a remote source is refused, at its place there', () => {
  expect(errorsOf('{ type: search, patterns: ["ok", "${far.bad}"] }')).toEqual([
    'far away:1 LC_CONFIG_UNTRUSTED transforms.t.patterns[1]: a remote source cannot say a regular expression: one such as (a+)+$ would hold up the whole agent. Write it in the pipeline file, or use conditions without `matches`: `contains`, `startsWith`, `endsWith`.',
  ]);
});

test.each([
  ['a whole list', '{ type: search, patterns: "${far.list}" }'],
  ['a condition that searches', '{ type: search, condition: "${far.search}" }'],
  ['a part of one', `{ type: search, condition: 'message.matches("\${far.text}")' }`],
])('%s is refused', (_what, transform) => {
  expect(errorsOf(transform)).toEqual([expect.stringContaining('LC_CONFIG_UNTRUSTED')]);
});

test('an entry of a remote each cannot say one either', () => {
  const input = '{ type: lines, each: "${far.entries}", id: "${each.name}", patterns: "${each.patterns}" }';
  expect(errorsOf('{ type: search }', input)).toEqual([expect.stringContaining('LC_CONFIG_UNTRUSTED')]);
  const own = '{ type: lines, each: "${far.entries}", id: "${each.name}", patterns: ["a+"] }';
  expect(errorsOf('{ type: search }', own)).toEqual([]);
});

test.each([
  ['a text beside one of the file', '{ type: search, patterns: ["a+"], replacement: "${far.text}" }'],
  ['a condition that does not search', '{ type: search, condition: "${far.plain}" }'],
  ['one of a source on this machine', '{ type: search, patterns: "${near.list}" }'],
])('%s is taken', (_what, transform) => {
  expect(errorsOf(transform)).toEqual([]);
});

test('a remote source cannot say where files are written; attributes fill in names', () => {
  const of = (path: string) =>
    errorsOf('{ type: search }', undefined, `{ type: written, path: "${path}", note: "\${far.text}" }`);
  for (const path of ['${far.text}', './a/${far.text}/{{ name }}']) {
    expect(of(path)).toEqual([
      expect.stringMatching(/LC_CONFIG_UNTRUSTED outputs.out.path: a remote source cannot say which files/),
    ]);
  }
  expect(of('./a/${near.text}/{{ name }}')).toEqual([]);
});

test('a remote source cannot say what limits it', () => {
  const input = (limit: string) =>
    errorsOf('{ type: search }', `{ type: lines, patterns: [], replacement: "${limit}" }`);
  expect(input('${far.text}')).toEqual([
    'far away:1 LC_CONFIG_UNTRUSTED inputs.in.replacement: a remote source cannot say what limits it: it could have any file of this user read. Write it in the pipeline file, or in a file of this machine that a source of type ini or file reads.',
  ]);
  expect(input('${near.text}')).toEqual([]);
});

const password = 'login: { mechanism: m, user: u, password: p }';
const serversOf = (options: string) => errorsOf('{ type: search }', undefined, `{ type: servers, ${options} }`);

test('a login goes only to servers that this machine names', () => {
  expect(serversOf(`servers: "\${far.text}", ${password}`)).toEqual([
    'far away:1 LC_CONFIG_UNTRUSTED outputs.out.servers: a remote source cannot say who gets a login, nor how it is protected: it could have it sent to a server of its own. Write it in the pipeline file, or in a file of this machine that a source of type ini or file reads. Or give `tls.ca` an authority of your own: who that vouches for gets the login, and nobody else.',
  ]);
  for (const servers of ['${near.text}', 'here,${far.text}', '${near.none:-${far.text}}']) {
    const refused = servers === '${near.text}' ? [] : [expect.stringContaining('outputs.out.servers')];
    expect(serversOf(`servers: "${servers}", ${password}`)).toEqual(refused);
  }
  expect(serversOf('servers: "${far.text}"')).toEqual([]);
});

test('it goes to servers that a remote source names where an authority of this machine vouches for them', () => {
  expect(serversOf(`servers: "\${far.text}", ${password}, tls: { ca: x }`)).toEqual([]);
  expect(serversOf(`servers: "\${far.text}", ${password}, tls: "\${near.tls}"`)).toEqual([]);
  for (const tls of ['{ ca: "${far.text}" }', '"${far.tls}"']) {
    expect(serversOf(`servers: "\${far.text}", ${password}, tls: ${tls}`)).toEqual([
      expect.stringContaining('LC_CONFIG_UNTRUSTED outputs.out.tls: a remote source cannot say who gets a login'),
    ]);
  }
});

test.each([
  ['that nothing is encrypted', `tls: "\${far.no}", ${password}`, 'tls'],
  ['another mechanism', 'login: { mechanism: "${far.text}", user: u, password: p }', 'login.mechanism'],
  ['a file of this machine as password', 'login: { mechanism: m, user: u, password: "${far.file}" }', 'login.password'],
  [
    'the name of one',
    'login: { mechanism: m, user: u, password: { file: "/home/${far.text}" } }',
    'login.password.file',
  ],
])('a remote source cannot say %s', (_what, options, at) => {
  expect(serversOf(`servers: here, ${options}`)).toEqual([
    expect.stringContaining(`LC_CONFIG_UNTRUSTED outputs.out.${at}:`),
  ]);
});

test('user and password themselves may come from anywhere', () => {
  expect(
    serversOf('servers: here, login: { mechanism: m, user: "${far.text}", password: "${far.text}" }, tls: true'),
  ).toEqual([]);
});

test('it is told before the remote source has a value, and of configuration sources too', () => {
  const text = `config: { far: { type: far }, next: { type: near, servers: "\${far.text}", ${password} } }
inputs: { in: { type: tail, paths: x } }
outputs: { out: { type: servers, servers: "\${far.text}", ${password} } }`;
  expect(errorsIn(text, new Map())).toEqual([
    expect.stringContaining('p.yaml:1:60 LC_CONFIG_UNTRUSTED config.next.servers:'),
    expect.stringContaining('p.yaml:3:43 LC_CONFIG_UNTRUSTED outputs.out.servers:'),
  ]);
});
