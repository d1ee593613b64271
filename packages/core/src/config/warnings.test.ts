import {
  type ComponentDefinition,
  defineConfigSource,
  defineInput,
  defineOutput,
  defineTransform,
  list,
  template,
  z,
} from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { parseDocument } from './document.ts';
import { scope } from './fixtures/definitions.ts';
import { Problems } from './problem.ts';
import { resolveDocument } from './resolve.ts';
import { configValue } from './value.ts';

const create = (): never => {
  throw new Error('configuration creates nothing');
};
const names = z.strictObject({ names: list().optional() });
const definitions = [
  defineInput({
    type: 'files',
    description: '',
    options: z.strictObject({ paths: list(), names: list().optional() }),
    sets: ({ names = [] }) => names,
    attributesOf: ({ paths }, path, resolve) => (paths.some((one) => resolve(one) === path) ? {} : undefined),
    create,
  }),
  // Without names it depends on the records.
  defineTransform({ type: 'named', description: '', options: names, sets: ({ names }) => names, create }),
  defineTransform({
    type: 'split',
    description: '',
    options: z.strictObject({}),
    sets: () => [],
    exits: () => ['err', 'rest', 'unmatched'],
    create,
  }),
  defineTransform({ type: 'any', description: '', options: z.strictObject({}), create }),
  defineOutput({
    type: 'written',
    description: '',
    options: z.strictObject({ path: template(), headers: z.record(z.string(), template()).optional() }),
    writes: ({ path }) => path,
    create,
  }),
].map(({ definition }) => definition as ComponentDefinition);

function warningsOf(text: string, remote = false): string[] {
  const document = parseDocument('/etc/p.yaml', text);
  const far = defineConfigSource({ type: 'far', description: '', remote, options: z.strictObject({}), create });
  const origin = { file: 'far away' };
  const value = configValue({ path: './a.log' }, { originOf: () => origin, keyOriginOf: () => origin }, new Problems());
  const { warnings } = resolveDocument(document, document.value, {
    ...scope,
    values: new Map([['far', value]]),
    sourceDefinition: () => far.definition,
    definitionOf: (kind, type) => definitions.find((one) => one.kind === kind && one.type === type),
  });
  return warnings.map((warning) => warning.describe());
}

const simple = (output: string, input = 'paths: a.log', transforms = '{}') =>
  `inputs: { in: { type: files, ${input} } }\ntransforms: ${transforms}\noutputs: { out: { type: written, ${output} } }`;

test('an attribute that nothing sets, with its place', () => {
  expect(warningsOf(simple('path: "b/{{ topic }}", headers: { team: "{{ team }}" }'))).toEqual([
    '/etc/p.yaml:3:40 LC_CONFIG_NO_ATTRIBUTE outputs.out.path: no input or transform in front of it sets "topic": records without it go to the dead letters. Set it under `attributes:` of the input, or give a default: `{{ topic:-default }}`.',
    '/etc/p.yaml:3:74 LC_CONFIG_NO_ATTRIBUTE outputs.out.headers.team: no input or transform in front of it sets "team": records without it go to the dead letters. Set it under `attributes:` of the input, or give a default: `{{ team:-default }}`.',
  ]);
});

test.each([
  ['the input sets', simple('path: "b/{{ topic }}"', 'paths: a.log, attributes: { topic: x }')],
  ['a path gives', simple('path: "b/{{ topic }}"', 'paths: a.log, names: topic')],
  ['a transform sets', simple('path: "b/{{ topic }}"', 'paths: a.log', '{ t: { type: named, names: topic } }')],
  [
    'a transform may set, for all that is known',
    simple('path: "b/{{ topic }}"', 'paths: a.log', '{ t: { type: any } }'),
  ],
  ['a transform may set with these options', simple('path: "b/{{ topic }}"', 'paths: a.log', '{ t: { type: named } }')],
  ['has a default', simple('path: "b/{{ topic:-none }}"')],
  ['is built in', simple('path: "b/{{ host }}/{{ name }}/{{ input }}/{{ offset }}{{ path }}"')],
  ['comes with the values of an empty each', simple('path: "b/{{ topic }}"', 'each: [], paths: a.log')],
])('nothing is said of an attribute that %s', (_what, text) => {
  expect(warningsOf(text)).toEqual([]);
});

test('a transform that sets others does not help', () => {
  expect(warningsOf(simple('path: "b/{{ topic }}"', 'paths: a.log', '{ t: { type: named, names: status } }'))).toEqual([
    expect.stringContaining('sets "topic"'),
  ]);
});

test('only what leads to an output counts', () => {
  const text = `inputs: { a: { type: files, paths: a.log, attributes: { topic: x } }, b: { type: files, paths: b.log } }
outputs:
  one: { type: written, inputs: [a], path: "c/{{ topic }}" }
  two: { type: written, inputs: [b], path: "c/{{ topic }}" }`;
  expect(warningsOf(text)).toEqual([expect.stringContaining('outputs.two.path')]);
});

test.each(['path: ./a.log', 'path: "/etc/{{ name }}"', 'path: "./{{ host }}.log"'])('a loop: %s', (output) => {
  const input = 'paths: [./a.log, x.log]';
  expect(warningsOf(simple(output, input))).toEqual([
    expect.stringMatching(
      /^\/etc\/p.yaml:3:\d+ LC_CONFIG_LOOP outputs.out.path: it writes to files such as \/etc\/(a|x).log, which input in reads. Write elsewhere/,
    ),
  ]);
});

test('a loop is not looked for where a remote source says what is read: matching that could take for ever', () => {
  const text = `config: { far: { type: far } }\n${simple('path: ./a.log', 'paths: "${far.path}"')}`;
  expect(warningsOf(text, false)).toHaveLength(1);
  expect(warningsOf(text, true)).toEqual([]);
});

test('no loop: other files, and an input that does not lead there', () => {
  expect(warningsOf(simple('path: ./b.log'))).toEqual([]);
  const text = `inputs: { a: { type: files, paths: a.log }, b: { type: files, paths: b.log } }
outputs:
  one: { type: written, inputs: [a], path: b.log }
  two: { type: written, inputs: [b], path: c.log }`;
  expect(warningsOf(text)).toEqual([]);
});

test('an exit that nothing reads, where another one is read', () => {
  const split = (inputs: string) => `inputs: { in: { type: files, paths: a.log } }
transforms: { r: { type: split, inputs: [in] } }
outputs: { out: { type: written, path: x, inputs: ${inputs} } }`;
  expect(warningsOf(split('[r.rest]'))).toEqual([
    '/etc/p.yaml:2:15 LC_CONFIG_UNREAD_EXIT transforms.r: nothing reads "r.err": records that leave by this exit are dropped. Add the exit to the `inputs:` of a transform or output; if they are to be dropped, nothing has to be done.',
  ]);
  expect(warningsOf(split('[r.rest, r.err]'))).toEqual([]);
});

test('an input that leads to no required output', () => {
  const outputs = (one: string, two: string) => `inputs:
  a: { type: files, paths: a.log }
  b: { type: files, each: { x: b.log, y: c.log }, paths: "${'${each.value}'}" }
outputs:
  one: { type: written, path: x, inputs: [a], ${one} }
  two: { type: written, path: x, inputs: [a, b], ${two} }`;
  const [yes, no] = ['required: true', 'required: false'];
  const warning = (place: string, id: string) =>
    `/etc/p.yaml:${place} LC_CONFIG_NOT_REQUIRED inputs.${id}: no output that it leads to is required: what it reads while they fail is lost, and never read again. Remove \`required: false\` from one of them; if records may be lost, nothing has to be done.`;
  expect(warningsOf(outputs(no, no))).toEqual([warning('2:3', 'a'), warning('3:3', 'b')]);
  expect(warningsOf(outputs(yes, no))).toEqual([warning('3:3', 'b')]);
  expect(warningsOf(outputs(no, yes))).toEqual([]);
});
