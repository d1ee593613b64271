import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
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
import { PipelineProcess, repository, temporaryFolder } from './support/agent.ts';
import { blocks } from './support/document.ts';

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
}, 600_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const manifest of manifests)
    rmSync(join(repository, dirname(manifest), 'dist'), { recursive: true, force: true });
});

it('packages are bundles, and run a pipeline with TypeScript plugins', async () => {
  // A start reads one file of each package; of the CLI, those of the command.
  const code = globSync('node_modules/@logcatch/*/{src,dist}/**/*.{ts,js}', { cwd: folder });
  const loaded = code.filter((name) => !name.endsWith('.d.ts') && !name.startsWith('node_modules/@logcatch/cli/'));
  expect(
    loaded.every((name) => name.endsWith('/dist/index.js')),
    `${loaded}`,
  ).toBe(true);
  expect(loaded).toHaveLength(manifests.length - 1);

  expect(existsSync(join(folder, 'node_modules/@logcatch/page/browser/index.html'))).toBe(true);

  cpSync(join(repository, 'pipelines/quickstart.yaml'), join(folder, 'quickstart.yaml'));
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs/web.log'), 'hello\n\nfrom user7@example.com\n');

  const quickstart = new PipelineProcess(['run', 'quickstart.yaml', '--once'], { bin, cwd: folder });
  expect({ code: await quickstart.exited, stderr: quickstart.stderr }).toMatchObject({ code: 0 });
  expect(quickstart.stdout).toMatch(/web\.log\S* hello\n.*web\.log\S* from user7@example\.com\n/);

  // Beside a stranger's plugins lies another copy of what they import; they get the one of the CLI that runs.
  const cwd = temporaryFolder();
  for (const name of ['own-plugins.yaml', 'plugins'])
    cpSync(join(repository, 'pipelines', name), join(cwd, name), { recursive: true });
  cpSync(join(folder, 'logs'), join(cwd, 'logs'), { recursive: true });
  const copy = join(cwd, 'node_modules/@logcatch/plugin-api');
  mkdirSync(copy, { recursive: true });
  writeFileSync(join(copy, 'index.js'), "throw new Error('a second plugin-api');");
  const own = new PipelineProcess(['run', 'own-plugins.yaml', '--once'], { bin, cwd });
  expect(await own.result()).toMatchObject({ code: 0 });
  expect(readFileSync(join(cwd, 'logs-copied/all.txt'), 'utf8')).toBe('hello\n\nfrom <someone>\n');
});

it('docs/writing-plugins.md makes a package of each kind, and each of them works', async () => {
  const guide = 'docs/writing-plugins.md';
  for (const name of ['typescript', '@types/node']) {
    const target = join(folder, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    if (!existsSync(target)) symlinkSync(join(repository, 'node_modules', name), target);
  }
  symlinkSync('../typescript/bin/tsc', join(folder, 'node_modules/.bin/tsc'));
  const cwd = join(folder, 'guide');
  mkdirSync(cwd);
  const path = [dirname(process.execPath), join(folder, 'node_modules/.bin'), process.env.PATH].join(':');
  // What they would install stands in the folder above.
  const shell = (script: string) =>
    run('bash', ['-ec', `npm() { [ "$1" = install ] || command npm "$@"; }\n${script}`], {
      cwd,
      env: { ...process.env, PATH: path },
    });
  const scripts = blocks(guide, 'sh');
  const code = blocks(guide, 'ts');
  const { stdout } = await shell(scripts.slice(0, -1).join(''));
  expect(stdout).toContain('# logcatch-transform...\n');
  expect(stdout).toContain('✓ long lines are cut');

  const posted: string[] = [];
  const server = createServer(async (request, response) => {
    posted.push(await text(request));
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const env = { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  const made = { input: 'paragraphs', output: 'post', 'config-source': 'command' };
  await Promise.all(
    Object.entries(made).map(async ([kind, name]) => {
      const inside = join(cwd, `logcatch-${kind}-${name}`);
      expect(code).toContain(readFileSync(join(inside, 'src/index.ts'), 'utf8'));
      await run(process.execPath, ['../../node_modules/typescript/bin/tsc', '--noEmit'], { cwd: inside });
      await run(process.execPath, ['--test', 'src/**/*.test.ts'], { cwd: inside });
      const example = new PipelineProcess(['run', 'example.yaml', '--once'], { bin, cwd: inside, env });
      expect(await example.result()).toMatchObject({ code: 0 });
      const [first] = kind === 'output' ? posted : example.stdout.split('\n');
      expect(first).toBe(`# logcatch-${kind}-${name}`);
    }),
  );

  const shorten = join(cwd, 'logcatch-transform-shorten');
  const [example, published] = blocks(guide, 'yaml');
  for (const file of ['src/index.ts', 'src/index.test.ts'])
    expect(code).toContain(readFileSync(join(shorten, file), 'utf8'));
  expect(readFileSync(join(shorten, 'example.yaml'), 'utf8')).toBe(example);
  // Those of no package.
  const more = code.filter((one) => /preview:|definePlugin/.test(one));
  for (const [index, one] of more.entries()) writeFileSync(join(shorten, `src/more-${index}.ts`), one);
  await shell(scripts.at(-1)!);

  const installed = join(folder, 'node_modules/logcatch-transform-shorten');
  mkdirSync(installed);
  await run('tar', ['xzf', 'logcatch-transform-shorten-0.1.0.tgz', '--strip', '1', '-C', installed], { cwd: shorten });
  const observed = published!.replace(
    ']',
    `, ${more.map((_, index) => `./logcatch-transform-shorten/src/more-${index}.ts`).join(', ')}]`,
  );
  writeFileSync(join(cwd, 'published.yaml'), observed);
  writeFileSync(join(cwd, 'a.log'), `${'x'.repeat(300)}\n`);
  const use = new PipelineProcess(['run', 'published.yaml', '--once'], { bin, cwd });
  expect(await use.result()).toMatchObject({ code: 0, stdout: `${'x'.repeat(200)}...\n` });
  expect(use.stderr).toContain('1 records delivered');
}, 600_000);
