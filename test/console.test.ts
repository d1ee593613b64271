import { appendFileSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { end, isRunning } from './servers/process.ts';
import { bin, pipelineFile, repository, runPipeline, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { Child } from './support/child.ts';

function setUp(output: string): { folder: string; file: string } {
  const folder = temporaryFolder();
  const file = pipelineFile(
    folder,
    `
inputs: { app: { type: file-tail, paths: ./*.log, attributes: { team: web } } }
outputs: { screen: { type: console${output} } }`,
  );
  return { folder, file };
}

it('writes text, and nothing else, to stdout', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'one\ntwo');
  expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0, stdout: 'one\ntwo\n' });
});

it('writes JSON with the attributes', async () => {
  const { folder, file } = setUp(', format: json');
  writeFileSync(join(folder, 'a.log'), 'one\n');
  const { stdout } = await runPipeline('run', file, '--once');
  expect(JSON.parse(stdout)).toMatchObject({ team: 'web', name: 'a.log', input: 'app', message: 'one' });
});

it('a reader that does not read holds up what is read of the files, and gets every line later', async () => {
  const { folder, file } = setUp('');
  const lines = Array.from({ length: 400_000 }, (_, number) => `${number} ${'x'.repeat(100)}`);
  writeFileSync(join(folder, 'a.log'), `${lines.join('\n')}\n`);
  const agent = await startAgent(file, ['--once'], { unread: true });
  const source = async () => (await statusOf(file)).components[0]!.input!.sources[0]!;
  await expect.poll(async () => (await source()).pausedBy, { timeout: 60_000 }).toEqual(['window']);
  expect((await source()).unsettled).toBeLessThan(6 << 20);
  agent.read();
  expect(await agent.exited).toBe(0);
  expect(agent.stdout.split('\n').slice(0, -1)).toEqual(lines);
});

it('ends quietly when its reader goes, as in `pipeline run | head -1`', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'one\ntwo\nthree\n'.repeat(100_000));
  const script = `"${process.execPath}" "${bin}" run "${file}" --log-level error | head -1; exit \${PIPESTATUS[0]}`;
  const { code, stdout, stderr } = await new Child('bash', ['-c', script]).result();
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'one\n', stderr: '' });
});

it('a console that is not required may lose its reader: the others go on', async () => {
  const folder = temporaryFolder();
  cpSync(join(repository, 'pipelines/plugins'), join(folder, 'plugins'), { recursive: true });
  const lines = 'one\ntwo\nthree\n'.repeat(1_000);
  writeFileSync(join(folder, 'a.log'), lines);
  const file = pipelineFile(
    folder,
    `
plugins: [./plugins/line-file.ts]
inputs: { app: { type: file-tail, paths: ./a.log } }
outputs: { screen: { type: console, required: false }, copy: { type: line-file, path: ./copy.txt } }`,
  );
  const script = `"${process.execPath}" "${bin}" run "${file}" | head -1`;
  new Child('bash', ['-c', script]);
  const copied = () => (existsSync(join(folder, 'copy.txt')) ? readFileSync(join(folder, 'copy.txt'), 'utf8') : '');
  while (copied() !== lines) await setTimeout(20);
  appendFileSync(join(folder, 'a.log'), 'after\n');
  while (copied() !== `${lines}after\n`) await setTimeout(20);
});

it('--once that is interrupted does not pass for done', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'x\n'.repeat(2_000_000));
  const agent = await startAgent(file, ['--once'], { unread: true });
  agent.kill('SIGTERM');
  expect(await agent.exited).toBe(1);
  const logged = agent.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const stopped = 'It was stopped before everything was delivered:';
  expect(logged).toContainEqual(expect.objectContaining({ level: 'error', message: stopped }));
  expect(agent.stderr).not.toContain('LC_RUN_TIMEOUT');
  expect(logged.at(-1).message).toMatch(/^stopped: .* bytes are not delivered/);
});

it('a terminal that closes ends the pipeline', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'hello\n');
  // `script` gives it a terminal.
  const terminal = new Child('script', ['-qec', `"${process.execPath}" "${bin}" run "${file}"`, '/dev/null']);
  await terminal.printed('hello', 'stdout');
  const pid = Number(readFileSync(join(folder, '.logcatch/test/agent.pid'), 'utf8'));
  onTestFinished(() => end(pid, bin)); // it has a session of its own
  terminal.kill('SIGKILL');
  while (await isRunning(pid, bin)) await setTimeout(20);
});

it('a second signal ends at once', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'x\n'.repeat(2_000_000));
  // Nobody reads: the pipe fills, so that stopping would wait for its bound.
  const agent = await startAgent(file, [], { unread: true });
  const unsettled = async () => (await statusOf(file)).components[0]!.input!.unsettled;
  await expect.poll(unsettled, { timeout: 60_000 }).toBeGreaterThan(1 << 20);
  agent.kill('SIGTERM');
  await setTimeout(300);
  agent.kill('SIGINT');
  expect(await agent.exited).toBe(130);
});

it('the plugin list and the options of a type', async () => {
  expect((await runPipeline('plugins')).stdout).toMatch(/file-tail \(input\)[\s\S]*kafka \(output\)/);
  expect((await runPipeline('plugins', 'console')).stdout).toContain('default "auto"');
  const own = ['--file', join(repository, 'pipelines/own-plugins.yaml')];
  expect((await runPipeline('plugins', 'line-file', ...own)).stdout).toMatch(
    /^line-file \(output\)[\s\S]*path +text, req/,
  );
  expect(await runPipeline('plugins', 'nothing')).toMatchObject({ code: 2, stderr: expect.stringContaining('kafka') });
});

it('wrong command lines exit with 2', async () => {
  expect((await runPipeline('run')).code).toBe(2);
  expect((await runPipeline('rnu', 'x')).code).toBe(2);
  const { file } = setUp('');
  expect(await runPipeline('run', file, '--timeout', 'soon')).toMatchObject({ code: 2 });
});

it('logs JSON where stderr is no terminal', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'x\n');
  const agent = await startAgent(file, ['--log-format', 'json', '--log-level', 'debug']);
  await agent.printed('x', 'stdout');
  agent.kill('SIGINT');
  expect(await agent.exited).toBe(0);
  const logged = agent.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const line of logged) expect(line).toMatchObject({ level: expect.any(String), message: expect.any(String) });
  expect(logged.at(-1)).toMatchObject({ message: 'stopped: 1 record written to screen; nothing is left to deliver' });
});
