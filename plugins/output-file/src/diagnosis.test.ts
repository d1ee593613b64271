import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '@logcatch/plugin-api';
import { fakeOutputContext } from '@logcatch/testing';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { diagnose } from './diagnosis.ts';
import { options } from './options.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-file-'));
  onTestFinished(() => {
    chmodSync(join(folder, 'closed'), 0o700);
    rmSync(folder, { recursive: true });
  });
  mkdirSync(join(folder, 'closed'));
  writeFileSync(join(folder, 'file'), '');
});

async function findings(...paths: string[]): Promise<Finding[]> {
  const context = fakeOutputContext({ folder });
  const found: Finding[] = [];
  const components = paths.map((path) => ({ options: options.parse({ path }), context, attributes: [] }));
  for await (const finding of diagnose(components)) found.push(finding);
  return found;
}

test('a folder that can be made, and is not; one that cannot, since a file is in its way', async () => {
  const before = readdirSync(folder);
  expect(await findings('./a/b/{{ topic }}.log', './file', './file/b/x.log', './closed')).toMatchObject([
    { level: 'ok', what: expect.stringContaining(`writes to ${folder}/a/b, which can be made in ${folder}`) },
    { level: 'ok', what: expect.stringContaining(`writes to ${folder}/file`) },
    {
      level: 'problem',
      what: expect.stringContaining(`${folder}/file is no folder, so ${folder}/file/b cannot be made`),
    },
    { level: 'problem', what: expect.stringContaining('closed is a folder') },
  ]);
  expect(readdirSync(folder)).toEqual(before);
});

test.skipIf(process.getuid?.() === 0)('one that this user may not write to', async () => {
  chmodSync(join(folder, 'closed'), 0o500);
  chmodSync(join(folder, 'file'), 0o400);
  const denied = (path: string) => ({
    level: 'problem',
    what: expect.stringContaining(`cannot write to ${join(folder, path)}: permission denied`),
    hint: expect.stringContaining('Let this user write there'),
  });
  expect(await findings('./closed/a/x.log', './file')).toMatchObject([denied('closed'), denied('file')]);
});
