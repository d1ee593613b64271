import { type Batch, Template, TextColumn } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import { array, assert, constantFrom, dictionary, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import attributes from './index.ts';

const { definition } = attributes;
const create = (options: object) => definition.create(definition.options.parse(options), fakeTransformContext());

describe('contract', () => {
  const options = { remove: ['host'], rename: { path: 'file' }, set: { topic: '{{ name }}', at: '{{ offset }}' } };
  for (const { name, run } of transformContract(() => ({ create: () => create(options) }))) test(name, run);
});

/** Constants `a`, `b`; the column `level`, which the last record does not have. */
async function batch(): Promise<Batch> {
  const made = await memoryBatch(['x', 'y', 'z'], { a: 'A', b: 'B' });
  return made.withColumn('level', new TextColumn(['info', 'warn', undefined]));
}

async function values(options: object, name: string): Promise<(string | undefined)[]> {
  return [...((await create(options).apply(await batch())) as Batch)].map((record) => record.attribute(name));
}

test('removes what the source has, and what a record has', async () => {
  expect(await values({ remove: ['a', 'level'] }, 'a')).toEqual([undefined, undefined, undefined]);
  expect(await values({ remove: ['a', 'level'] }, 'level')).toEqual([undefined, undefined, undefined]);
  expect(await values({ remove: ['a', 'level'] }, 'b')).toEqual(['B', 'B', 'B']);
});

test('renames what the source has, and what a record has, over what is there; swaps too', async () => {
  expect(await values({ rename: { level: 'a' } }, 'a')).toEqual(['info', 'warn', undefined]);
  expect(await values({ rename: { level: 'a' } }, 'level')).toEqual([undefined, undefined, undefined]);
  expect(await values({ rename: { a: 'level' } }, 'level')).toEqual(['A', 'A', 'A']);
  expect(await values({ rename: { a: 'b', b: 'a' } }, 'a')).toEqual(['B', 'B', 'B']);
  expect(await values({ rename: { nothing: 'a' } }, 'a')).toEqual(['A', 'A', 'A']);
});

test('sets by templates that see the record as it came', async () => {
  expect(await values({ set: { a: '{{ b }}-{{ name }}' } }, 'a')).toEqual(Array(3).fill('B-test.log'));
  expect(await values({ set: { a: '{{ level:-none }}' } }, 'a')).toEqual(['info', 'warn', 'none']);
  expect(await values({ set: { a: '{{ level }}' } }, 'a')).toEqual(['info', 'warn', undefined]);
  expect(await values({ set: { level: '{{ a }}' }, remove: ['a'] }, 'level')).toEqual(['A', 'A', 'A']);
});

test('what a source has in common stays constant, the same object for the same source', async () => {
  const transform = create({ set: { topic: 'app-{{ name }}' }, remove: ['host'] });
  const came = await batch();
  const [first, second] = [transform.apply(came) as Batch, transform.apply(came.select(Uint32Array.of(1))) as Batch];
  expect(first.attributes).toBe(second.attributes);
  expect(first.varies('topic')).toBe(false);
  expect(Template.parse('{{ topic }}').valueOf(second)).toBe('app-test.log');
  expect([...first.columns]).toEqual(['level']);
});

test('message and offset are no attributes', () => {
  for (const options of [{ set: { message: 'x' } }, { remove: ['offset'] }, { rename: { a: 'message' } }, {}])
    expect(definition.options.safeParse(options).success).toBe(false);
});

test('property: as with a map for each record', () => {
  const name = constantFrom('a', 'b', 'c', 'd');
  const attribute = constantFrom('x', 'y');
  const options = record({ remove: array(name), rename: dictionary(name, name), set: dictionary(name, name) });
  assert(
    property(
      options,
      dictionary(name, attribute),
      dictionary(name, array(attribute, { minLength: 2, maxLength: 2 })),
      ({ remove, rename, set }, constants, columns) => {
        const templates = Object.fromEntries(Object.entries(set).map(([to, from]) => [to, `{{ ${from} }}`]));
        const transform = create({ remove, rename, set: templates });
        const came = Object.entries(columns).reduce(
          (made, [column, values]) => made.withColumn(column, new TextColumn(values)),
          two.withAttributes(constants),
        );
        const left = transform.apply(came) as Batch;
        for (const i of [0, 1]) {
          const old = new Map(['a', 'b', 'c', 'd'].map((key) => [key, came.attribute(key, i)]));
          const expected = new Map(old);
          for (const key of [...remove, ...Object.keys(rename)]) expected.delete(key);
          for (const [from, to] of Object.entries(rename)) if (old.get(from)) expected.set(to, old.get(from));
          for (const [to, from] of Object.entries(set)) expected.set(to, old.get(from));
          for (const key of old.keys()) expect(left.attribute(key, i)).toBe(expected.get(key));
        }
      },
    ),
  );
});
const two = await memoryBatch(['1', '2']);
