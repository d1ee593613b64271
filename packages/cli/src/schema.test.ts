import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonSchema } from '@logcatch/core';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { schemaFor } from './schema.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string) => readFileSync(join(repository, file), 'utf8');

const validators = new Map<string | undefined, Promise<ValidateFunction>>();

async function compile(file: string | undefined): Promise<ValidateFunction> {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  return ajv.compile(await schemaFor(file));
}

/** What a schema has against a file; nothing where it is valid. */
async function faults(yaml: string, file?: string): Promise<string[]> {
  const compiled = validators.get(file) ?? compile(file);
  validators.set(file, compiled);
  const validate = await compiled;
  if (validate(parse(yaml, { merge: true }))) return [];
  return validate.errors!.map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const examples = globSync('pipelines/*.yaml', { cwd: repository }).filter((file) => /^inputs:/m.test(read(file)));

test.each(examples)('%s is valid, and tells editors of the schema', async (file) => {
  expect(await faults(read(file))).toEqual([]);
  expect(await faults(read(file), join(repository, file))).toEqual([]);
  expect(read(file)).toMatch(/^# yaml-language-server: \$schema=\.\.\/docs\/pipeline\.schema\.json\n/);
});

test('so is every pipeline that a document shows', async () => {
  const documents = globSync(['*.md', 'docs/*.md', '{packages,plugins}/*/README.md'], { cwd: repository });
  const shown = documents.flatMap((file) =>
    [...read(file).matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
      .map(([, yaml]) => yaml!)
      .filter((yaml) => /^inputs:/m.test(yaml)),
  );
  expect(shown.length).toBeGreaterThan(20);
  for (const yaml of shown) expect(await faults(yaml), yaml).toEqual([]);
});

test('patterns are of the kind that every validator knows: Python has no classes of Unicode', async () => {
  expect(JSON.stringify(await schemaFor())).not.toContain('\\\\p{');
});

/** A valid file; each test spoils or changes one place of it. */
const file = `
config: { list: { type: etcd, endpoints: "a:1", key: /k } }
inputs: { app: { type: file-tail, paths: [./a.log] } }
transforms: { f: { type: filter, condition: "true" } }
outputs: { out: { type: kafka, brokers: "a:1", topic: t } }
`;

describe('a typical mistake is refused', () => {
  test.each([
    ['no mistake yet', 'name', 'name', undefined],
    ['a key that is misspelt', 'brokers:', 'broker:', 'broker'],
    ['an option of another type', 'paths:', 'topic: x, paths:', 'topic'],
    ['a type that is misspelt', 'type: kafka', 'type: kafak', '/outputs/out/type'],
    ['a type of another kind', 'type: filter', 'type: kafka', '/transforms/f/type'],
    ['no type', 'type: file-tail, ', '', 'type'],
    ['no topic', ', topic: t', '', 'topic'],
    ['a word that is not among those there are', 'topic: t', 'topic: t, acks: one', '/outputs/out/acks'],
    ['a size that is none', 'topic: t', 'topic: t, batch_bytes: 5 parsecs', '/outputs/out/batch_bytes'],
    ['a duration that is none', 'key: /k', 'key: /k, connect_timeout: soon', '/config/list/connect_timeout'],
    ['a number out of bounds', 'topic: t', 'topic: t, in_flight: 9', '/outputs/out/in_flight'],
    ['text for a truth value', 'topic: t', 'topic: t, required: "no"', '/outputs/out/required'],
    ['a built-in attribute', 'paths:', 'attributes: { host: x }, paths:', '/inputs/app/attributes'],
    ['an id that is none', 'app:', 'my app:', '/inputs'],
    ['a source called as a built-in one', 'list:', 'env:', '/config'],
    ['no inputs', 'inputs:', 'input:', 'inputs'],
    ['an unknown key at the top', 'config:', 'configs:', 'configs'],
  ])('%s', async (_, from, to, at) => {
    const all = await faults(file.replace(from, to));
    expect(all.length > 0).toBe(at !== undefined);
    if (at) expect(all.join('\n')).toContain(at);
  });
});

test.each([
  ['required: "${env.NEEDED}"', 'a truth value'],
  ['batch_bytes: "${env.BATCH:-64KiB}"', 'a size'],
  ['batch_bytes: 64kib', 'a size in small letters'],
  ['acks: "${env.ACKS:-all}"', 'a word'],
  ['queue: "${list.queue}"', 'a map'],
  ['queue: { max_records: "${list.records}" }', 'a number in a map'],
  ['sasl: { mechanism: plain, username: u, password: { file: ./p } }', 'a secret in a file'],
])('%s is valid: %s', async (option) => {
  expect(await faults(file.replace('topic: t', `topic: t, ${option}`))).toEqual([]);
});

test('a file with plugins may have other types, unless they are known', async () => {
  const own = `plugins: [./x.ts]\n${file.replace('type: filter, condition: "true"', 'type: mine, any: thing')}`;
  expect(await faults(own)).toEqual([]);
  expect(await faults(own, join(repository, 'pipelines/own-plugins.yaml'))).not.toEqual([]);
  expect(await faults(own.replace('broker', 'brooker'))).not.toEqual([]);
});

test('editors show what every option does', async () => {
  const { $defs, properties } = (await schemaFor()) as { $defs: Record<string, JsonSchema>; properties: JsonSchema };
  const parts = Object.entries($defs).map(([name, one]) => [name, one.properties ?? {}] as const);
  const undescribed = [...parts, ['the file', properties] as const].flatMap(([name, options]) =>
    Object.entries(options).flatMap(([key, option]) =>
      key === 'type' || 'description' in (option as JsonSchema) ? [] : [`${name}: ${key}`],
    ),
  );
  expect(undescribed).toEqual([]);
});
