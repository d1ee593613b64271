import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { PipelineProcess, repository } from './support/agent.ts';

const run = promisify(execFile);
const manifests = globSync('{packages,plugins}/*/package.json', { cwd: repository });

/** pnpm as it runs this test, or from the registry where something else does. */
function pnpm(args: string[], cwd: string) {
  const script = process.env.npm_execpath ?? '';
  return script.includes('pnpm')
    ? run(process.execPath, [script, ...args], { cwd })
    : run('npx', ['-y', 'pnpm@10', ...args], { cwd });
}

/** Where the packages are installed, as a stranger would. */
let folder: string;
let bin: string;

beforeAll(async () => {
  const packs = mkdtempSync(join(tmpdir(), 'logcatch-packs-'));
  folder = mkdtempSync(join(tmpdir(), 'logcatch-packages-'));
  bin = join(folder, 'node_modules/@logcatch/cli/bin/pipeline.js');
  await run(process.execPath, ['scripts/build.ts'], {
    cwd: repository,
    env: { ...process.env, PATH: `${join(repository, 'node_modules/.bin')}:${process.env.PATH}` },
  });
  await pnpm(['--filter=./packages/*', '--filter=./plugins/*', 'pack', '--pack-destination', packs], repository);
  const tarballs = readdirSync(packs).map((name) => join(packs, name));
  expect(tarballs).toHaveLength(manifests.length);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  rmSync(packs, { recursive: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const manifest of manifests)
    rmSync(join(repository, dirname(manifest), 'dist'), { recursive: true, force: true });
});

it('packages hold no TypeScript that Node would have to run, and run a pipeline with TypeScript plugins', async () => {
  expect(
    globSync('node_modules/@logcatch/*/{src,dist}/**/*.ts', { cwd: folder }).filter((name) => !name.endsWith('.d.ts')),
  ).toEqual([]);

  for (const name of ['quickstart.yaml', 'own-plugins.yaml', 'plugins']) {
    cpSync(join(repository, 'pipelines', name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs/web.log'), 'hello\n\nfrom user7@example.com\n');

  const quickstart = new PipelineProcess(['run', 'quickstart.yaml', '--once'], { bin, cwd: folder });
  expect({ code: await quickstart.exited, stderr: quickstart.stderr }).toMatchObject({ code: 0 });
  expect(quickstart.stdout).toMatch(/web\.log\S* hello\n.*web\.log\S* from user7@example\.com\n/);

  const own = new PipelineProcess(['run', 'own-plugins.yaml', '--once'], { bin, cwd: folder });
  expect({ code: await own.exited, stderr: own.stderr }).toMatchObject({ code: 0 });
  const { stdout } = await run('cat', ['logs-copied/all.txt'], { cwd: folder });
  expect(stdout).toBe('hello\n\nfrom <someone>\n');
});

it.each(['input', 'output', 'transform', 'config-source'])('a new %s is a package that works', async (kind) => {
  for (const name of ['typescript', '@types/node']) {
    const target = join(folder, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    if (!existsSync(target)) symlinkSync(join(repository, 'node_modules', name), target);
  }
  const made = new PipelineProcess(['new', 'plugin', 'demo', '--kind', kind], { bin, cwd: folder });
  expect(await made.result()).toMatchObject({ code: 0, stderr: '' });
  const cwd = join(folder, `logcatch-${kind}-demo`);
  const node = (...args: string[]) =>
    run(process.execPath, args, { cwd, env: { ...process.env, NODE_TEST_CONTEXT: '' } });
  await node('../node_modules/typescript/bin/tsc');
  await node('--test', 'src/**/*.test.ts');

  const posted: string[] = [];
  const server = createServer(async (request, response) => {
    posted.push(await text(request));
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const env = { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  const example = new PipelineProcess(['run', 'example.yaml', '--once'], { bin, cwd, env });
  expect(await example.result()).toMatchObject({ code: 0 });
  expect(`${example.stdout}${posted.join('\n')}`).toMatch(
    new RegExp(`^# logcatch-${kind === 'transform' ? 'transform...' : `${kind}-demo`}`),
  );
});
