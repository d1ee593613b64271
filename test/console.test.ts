import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { pipeline, pipelineFile, repository, runPipeline, temporaryFolder } from './support/agent.ts';

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

it('honours a slow reader: memory stays bounded and every line comes', async () => {
  const { folder, file } = setUp('');
  const lines = Array.from({ length: 400_000 }, (_, number) => `${number} ${'x'.repeat(100)}`);
  writeFileSync(join(folder, 'a.log'), `${lines.join('\n')}\n`);
  const bin = join(repository, 'packages/cli/bin/pipeline.js');
  const child = spawn(process.execPath, [bin, 'run', file, '--once'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let read = '';
  await setTimeout(1_500);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    read += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
  expect(read.split('\n').slice(0, -1)).toEqual(lines);
});

it('ends quietly when its reader goes, as in `pipeline run | head -1`', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'one\ntwo\nthree\n'.repeat(100_000));
  const bin = join(repository, 'packages/cli/bin/pipeline.js');
  const script = `"${process.execPath}" "${bin}" run "${file}" | head -1; exit \${PIPESTATUS[0]}`;
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
  expect(stderr).not.toContain('Error');
  expect(stderr).not.toContain('EPIPE');
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
  const bin = join(repository, 'packages/cli/bin/pipeline.js');
  const script = `"${process.execPath}" "${bin}" run "${file}" | head -1`;
  const child = spawn('bash', ['-c', script], { stdio: 'ignore', detached: true });
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  const copied = () => (existsSync(join(folder, 'copy.txt')) ? readFileSync(join(folder, 'copy.txt'), 'utf8') : '');
  while (copied() !== lines) await setTimeout(20);
  appendFileSync(join(folder, 'a.log'), 'after\n');
  while (copied() !== `${lines}after\n`) await setTimeout(20);
  process.kill(-child.pid!, 'SIGTERM');
});

it('--once that is interrupted does not pass for done', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'x\n'.repeat(2_000_000));
  const bin = join(repository, 'packages/cli/bin/pipeline.js');
  const child = spawn(process.execPath, [bin, 'run', file, '--once'], { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.pause();
  const exited = new Promise((resolve) => child.on('exit', resolve));
  while (!existsSync(join(folder, '.logcatch/test/control.sock'))) await setTimeout(20);
  child.kill('SIGTERM');
  expect(await exited).toBe(1);
  child.stdout.destroy();
});

it('a terminal that closes ends the pipeline', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'hello\n');
  const bin = join(repository, 'packages/cli/bin/pipeline.js');
  // `script` gives it a terminal.
  const child = spawn('script', ['-qec', `"${process.execPath}" "${bin}" run "${file}"`, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve) => child.stdout.on('data', (text) => String(text).includes('hello') && resolve()));
  const pid = Number(readFileSync(join(folder, '.logcatch/test/agent.pid'), 'utf8'));
  child.kill('SIGKILL');
  const running = () => {
    try {
      process.kill(pid, 0);
      return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    } catch {
      return false;
    }
  };
  while (running()) await setTimeout(20);
});

it('a second signal ends at once', async () => {
  const { folder, file } = setUp('');
  writeFileSync(join(folder, 'a.log'), 'x\n'.repeat(2_000_000));
  const bin = join(repository, 'packages/cli/bin/pipeline.js');
  // Nobody reads: the pipe fills, so that stopping would wait for its bound.
  const child = spawn(process.execPath, [bin, 'run', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pause();
  await new Promise<void>((resolve) =>
    child.stderr.on('data', (text) => String(text).includes('logcatch') && resolve()),
  );
  const closed = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  await setTimeout(1_000);
  child.kill('SIGTERM');
  await setTimeout(300);
  child.kill('SIGINT');
  expect(await closed).toBe(130);
  child.stdout.destroy();
});

it('the plugin list and the options of a type', async () => {
  expect((await runPipeline('plugins')).stdout).toMatch(/file-tail \(input\)[\s\S]*kafka \(output\)/);
  expect((await runPipeline('plugins', 'console')).stdout).toContain('default "auto"');
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
  const agent = pipeline('run', file, '--log-format', 'json', '--log-level', 'debug');
  await agent.printed('logcatch');
  agent.kill('SIGINT');
  expect(await agent.exited).toBe(0);
  const logged = agent.stderr.split('\n').filter((line) => line.startsWith('{'));
  for (const line of logged)
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), message: expect.any(String) });
});
