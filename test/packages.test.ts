import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { PipelineProcess, repository, temporaryFolder } from './support/agent.ts';

const run = promisify(execFile);
const manifests = globSync('{packages,plugins}/*/package.json', { cwd: repository });

/** pnpm as it runs this test, or from the registry where something else does. */
function pnpm(args: string[], cwd: string) {
  const script = process.env.npm_execpath ?? '';
  return script.includes('pnpm')
    ? run(process.execPath, [script, ...args], { cwd })
    : run('npx', ['-y', 'pnpm@10', ...args], { cwd });
}

afterAll(() => {
  for (const manifest of manifests)
    rmSync(join(repository, dirname(manifest), 'dist'), { recursive: true, force: true });
});

it('packages install in an empty folder and run a pipeline with TypeScript plugins from there', async () => {
  const packs = temporaryFolder();
  await run(process.execPath, ['scripts/build.ts'], {
    cwd: repository,
    env: { ...process.env, PATH: `${join(repository, 'node_modules/.bin')}:${process.env.PATH}` },
  });
  await pnpm(['--filter=./packages/*', '--filter=./plugins/*', 'pack', '--pack-destination', packs], repository);
  const tarballs = readdirSync(packs).map((name) => join(packs, name));
  expect(tarballs).toHaveLength(manifests.length);

  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  expect(
    globSync('node_modules/@logcatch/*/{src,dist}/**/*.ts', { cwd: folder }).filter((name) => !name.endsWith('.d.ts')),
  ).toEqual([]);

  for (const name of ['quickstart.yaml', 'own-plugins.yaml', 'plugins']) {
    cpSync(join(repository, 'pipelines', name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs/web.log'), 'hello\n\nfrom user7@example.com\n');
  const bin = join(folder, 'node_modules/@logcatch/cli/bin/pipeline.js');

  const quickstart = new PipelineProcess(['run', 'quickstart.yaml', '--once'], { bin, cwd: folder });
  expect({ code: await quickstart.exited, stderr: quickstart.stderr }).toMatchObject({ code: 0 });
  expect(quickstart.stdout).toMatch(/web\.log\S* hello\n.*web\.log\S* from user7@example\.com\n/);

  const own = new PipelineProcess(['run', 'own-plugins.yaml', '--once'], { bin, cwd: folder });
  expect({ code: await own.exited, stderr: own.stderr }).toMatchObject({ code: 0 });
  const { stdout } = await run('cat', ['logs-copied/all.txt'], { cwd: folder });
  expect(stdout).toBe('hello\n\nfrom <someone>\n');
});
