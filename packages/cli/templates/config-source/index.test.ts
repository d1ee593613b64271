import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConfigSourceSubject, configSourceContract, fakeConfigContext } from '@logcatch/testing';
import plugin from './index.ts';

const { definition } = plugin;

/** The source, and a file that its command prints: for each case a new one. */
async function subject(): Promise<ConfigSourceSubject> {
  const folder = await mkdtemp(join(tmpdir(), 'my-type-'));
  const path = join(folder, 'value.json');
  return {
    create: (context) => definition.create(definition.options.parse({ command: ['cat', path], every: 5 }), context),
    put: (word) => writeFile(path, JSON.stringify(word)),
    wordOf: (loaded) => 'document' in loaded && JSON.parse(loaded.document.text),
    cleanup: () => rm(folder, { recursive: true }),
  };
}

// What every configuration source promises: the whole value with its place, and that it tells when there may be another.
for (const { name, run } of configSourceContract(subject)) test(name, run);

test('a command that fails is an error that is tried again', async () => {
  const source = definition.create(definition.options.parse({ command: ['false'] }), fakeConfigContext());
  const { signal } = new AbortController();
  await assert.rejects(source.load(signal), { code: 'LC_SOURCE_UNREACHABLE', retriable: true });
});
