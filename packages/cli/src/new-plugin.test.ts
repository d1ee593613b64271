import { spawnSync } from 'node:child_process';
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
    expect(readFileSync(join(dir, file), 'utf8')).not.toMatch(/my-type|my-package|KIND|INSTALL|NODES/);

  rmSync(join(dir, 'README.md'));
  newPlugin('redis', { kind: 'output', dir, version: '1.2.3' });
  expect(process.exitCode).toBe(2);
  expect(readdirSync(dir)).not.toContain('README.md');
});

test('the Node that it needs is said, and an older one does not get as far as the tests', () => {
  const dir = join(folder, 'redis');
  newPlugin('redis', { kind: 'output', dir, version: '1.2.3' });
  const needs = 'Node 22.22, 24.15, 26 or newer';
  expect(console.log).toHaveBeenCalledWith(expect.stringContaining(needs));
  expect(readFileSync(join(dir, 'README.md'), 'utf8')).toContain(needs);
  const { scripts } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  const [, script = ''] = /^node -e "([^"]*)"$/.exec(scripts.pretest) ?? [];
  const on = (version: string) =>
    spawnSync(
      process.execPath,
      ['-e', `Object.defineProperty(process.versions, 'node', { value: '${version}' }); ${script}`],
      { encoding: 'utf8' },
    );
  expect(on('20.19.0')).toMatchObject({ status: 1, stderr: expect.stringContaining(`This needs ${needs}`) });
  expect(on('24.14.9').status).toBe(1);
  expect(on('22.22.2').status).toBe(0);
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
