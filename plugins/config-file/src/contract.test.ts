import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSourceContract } from '@logcatch/testing';
import { describe, test } from 'vitest';
import plugin from './index.ts';

describe('the configuration source contract', () => {
  const suite = configSourceContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'config-file-'));
    const file = join(folder, 'word.txt');
    return {
      options: { folder },
      create: (context) => plugin.definition.create({ path: './word.txt' }, context),
      put: (word) => writeFile(file, word),
      remove: () => rm(file),
      wordOf: (loaded) => ('document' in loaded ? loaded.document.text : undefined),
      cleanup: () => rm(folder, { recursive: true }),
    };
  });
  for (const { name, run } of suite) test(name, run);
});
