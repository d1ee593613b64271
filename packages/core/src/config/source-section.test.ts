import { type ConfigSourceDefinition, defineConfigSource, secret, z } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { parseDocument } from './document.ts';
import type { ConfigErrors } from './errors.ts';
import { scope } from './fixtures/definitions.ts';
import { resolveDocument } from './resolve.ts';

const { definition } = defineConfigSource({
  type: 'store',
  description: 'A store.',
  options: z.strictObject({ address: z.string(), password: secret().optional() }),
  create: () => ({ start: async () => {}, load: async () => Promise.reject(), stop: async () => {} }),
});

function resolve(config: string) {
  const text = `config:\n${config}\ninputs: { a: { type: tail, paths: x } }\noutputs: { out: { type: console } }`;
  const document = parseDocument('p.yaml', text);
  return resolveDocument(document, document.value, {
    ...scope,
    sourceDefinition: (type) => (type === 'store' ? (definition as ConfigSourceDefinition) : undefined),
    sourceTypes: () => ['store'],
  });
}

function errorsOf(config: string): string[] {
  try {
    resolve(config);
    return [];
  } catch (error) {
    return (error as ConfigErrors).errors.map((each) => each.describe());
  }
}

test('sources are read in order, with their defaults', () => {
  expect(resolve('  one: { type: store, address: "${env.WORD}" }').sources).toMatchObject([
    { name: 'one', type: 'store', options: { address: 'word' }, maxEntries: 10_000 },
  ]);
});

test('a source waits for those above it, and knows none below it', () => {
  const { sources, waiting } = resolve(
    '  one: { type: store, address: x }\n  two: { type: store, address: "${one.where}" }',
  );
  expect(sources.map(({ name }) => name)).toEqual(['one']);
  expect(waiting).toMatchObject([{ kind: 'config', id: 'two', sources: ['one'] }]);
  expect(errorsOf('  two: { type: store, address: "${one.where}" }\n  one: { type: store, address: x }')).toEqual([
    expect.stringContaining('${one.where} names nothing'),
  ]);
});

test.each([
  ['  env: { type: store, address: x }', 'is a source that is always there'],
  ['  a: { type: stor, address: x }', 'did you mean "store"?'],
  ['  a: { type: store, adress: x }', 'did you mean "address"?'],
  ['  a: { address: x }', '"type" is missing'],
  ['  a: { type: store, address: x, max_entries: 0 }', 'config.a.max_entries'],
])('%s is refused', (config, says) => {
  expect(errorsOf(config).join()).toContain(says);
});

test('no message shows any part of a secret', () => {
  const [error] = errorsOf('  a: { type: store, address: x, password: "pa${hunter2}x" }');
  expect(error).toContain('config.a.password');
  expect(error).not.toContain('hunter2');
});
