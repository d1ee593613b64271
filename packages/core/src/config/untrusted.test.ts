import {
  type ConfigSourceDefinition,
  condition,
  defineConfigSource,
  defineInput,
  defineOutput,
  defineTransform,
  pattern,
  template,
  z,
} from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { parseDocument } from './document.ts';
import { ConfigErrors } from './errors.ts';
import { scope } from './fixtures/definitions.ts';
import { Problems } from './problem.ts';
import { resolveDocument } from './resolve.ts';
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
const definitions = [
  defineTransform({ type: 'search', description: '', options: searching, create }).definition,
  defineInput({ type: 'lines', description: '', options: searching, create }).definition,
  defineOutput({
    type: 'written',
    description: '',
    options: z.strictObject({ path: template(), note: template() }),
    writes: ({ path }) => path,
    create,
  }).definition,
];
const source = (type: string, remote: boolean) =>
  defineConfigSource({ type, description: '', remote, options: z.strictObject({}), create }).definition;
const sources = [source('far', true), source('near', false)] as ConfigSourceDefinition[];

const values = {
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
  const document = parseDocument('p.yaml', text);
  const origin = { file: 'far away', line: 1 };
  const places = { originOf: () => origin, keyOriginOf: () => origin };
  const value = configValue(values, places, new Problems());
  try {
    resolveDocument(document, document.value, {
      ...scope,
      values: new Map([
        ['far', value],
        ['near', value],
      ]),
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
