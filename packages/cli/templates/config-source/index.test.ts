import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeConfigContext } from '@logcatch/testing';
import plugin from './index.ts';

const { definition } = plugin;
const { signal } = new AbortController();

function source(script: string, context = fakeConfigContext()) {
  return definition.create(definition.options.parse({ command: [process.execPath, '-e', script], every: 5 }), context);
}

test('holds what the command prints', async () => {
  const loaded = await source('console.log("[1, 2]")').load(signal);
  assert.ok('document' in loaded);
  assert.equal(loaded.document.text, '[1, 2]\n');
});

test('a command that fails is an error that is tried again', async () => {
  await assert.rejects(source('process.exit(3)').load(signal), { code: 'LC_SOURCE_UNREACHABLE', retriable: true });
});

test('says now and then that something may have changed, until it is stopped', async () => {
  const said = Promise.withResolvers<void>();
  const context = Object.assign(fakeConfigContext(), { changed: () => said.resolve() });
  const one = source('', context);
  await one.start(signal);
  await said.promise;
  await one.stop();
});

test('stop is legal before start, and twice', async () => {
  const one = source('');
  await one.stop();
  await one.stop();
});
