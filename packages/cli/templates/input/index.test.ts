import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type InputSubject, inputContract } from '@logcatch/testing';
import plugin from './index.ts';

const { definition } = plugin;

/** The input, and a file that it reads: for each case a new one. */
async function subject(): Promise<InputSubject> {
  const folder = await mkdtemp(join(tmpdir(), 'my-type-'));
  const path = join(folder, 'paragraphs.txt');
  await writeFile(path, '');
  return {
    create: (context) => definition.create(definition.options.parse({ path, every: 5 }), context),
    produce: (records) => appendFile(path, records.map((record) => `${record}\n\n`).join('')),
    cleanup: () => rm(folder, { recursive: true }),
  };
}

// What every input promises: every record once and in order, from the right position after a restart, pause, rewind.
for (const { name, run } of inputContract(subject)) test(name, run);
