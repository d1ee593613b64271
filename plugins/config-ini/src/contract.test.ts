import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSourceContract } from '@logcatch/testing';
import { describe, test } from 'vitest';
import plugin from './index.ts';

describe('the configuration source contract', () => {
  const suite = configSourceContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'config-ini-'));
    const file = join(folder, 'agent.ini');
    return {
      options: { folder },
      create: (context) => plugin.definition.create({ path: './agent.ini' }, context),
      put: (word) => writeFile(file, `word = ${word}\n`),
      remove: () => rm(file),
      wordOf: (loaded) => ('texts' in loaded ? loaded.texts.word : undefined),
      cleanup: () => rm(folder, { recursive: true }),
    };
  });
  for (const { name, run } of suite) test(name, run);
});
