import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeFiles, template } from './new-files.ts';
import { newPlugin } from './new-plugin.ts';
import { judge } from './pipeline-test/judge.ts';
import { play } from './pipeline-test/play.ts';
import { readTests } from './pipeline-test/test-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logcatch-cli-'));
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

test('names stand where they belong, and a folder that holds something is left alone', () => {
  const dir = join(folder, 'redis');
  newPlugin('redis', { kind: 'output', dir, version: '1.2.3' });
  expect(readdirSync(dir).sort()).toEqual([
    '.gitignore',
    'README.md',
    'example.yaml',
    'package.json',
    'src',
    'tsconfig.json',
  ]);
  expect(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))).toMatchObject({
    name: 'logcatch-output-redis',
    peerDependencies: { '@logcatch/plugin-api': '^1.2.3' },
  });
  for (const file of ['README.md', 'example.yaml', 'src/index.ts', 'src/index.test.ts'])
    expect(readFileSync(join(dir, file), 'utf8')).not.toMatch(/my-type|my-package|KIND|INSTALL/);

  rmSync(join(dir, 'README.md'));
  newPlugin('redis', { kind: 'output', dir, version: '1.2.3' });
  expect(process.exitCode).toBe(2);
  expect(readdirSync(dir)).not.toContain('README.md');
});

test.each([
  ['Redis', 'its name is none'],
  ['kafka', 'logcatch itself has it'],
])('nothing is made of %s: %s', (type) => {
  newPlugin(type, { kind: 'output', dir: join(folder, 'made'), version: '1.2.3' });
  expect(process.exitCode).toBe(2);
  expect(readdirSync(folder)).toEqual([]);
});

test('a new pipeline passes its own tests, and no file is overwritten', async () => {
  const files = { 'web.yaml': template('pipeline.yaml', { 'my-name': 'web' }) };
  expect(makeFiles(folder, files)).toBe(true);
  const [one] = await readTests(join(folder, 'web.yaml'));
  const outcome = await play(one!);
  expect([outcome.failure, judge(one!, outcome)]).toEqual([undefined, []]);
  expect(makeFiles(folder, { 'web.yaml': '' })).toBe(false);
  expect(readFileSync(join(folder, 'web.yaml'), 'utf8')).toBe(files['web.yaml']);
});
