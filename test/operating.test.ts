import { once } from 'node:events';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { parsePrometheus } from '../packages/core/src/fixtures/prometheus.ts';
import { bin, pipelineFile, runPipeline, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { Child } from './support/child.ts';

const console = `
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { screen: { type: console } }
`;

const until = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 60_000, interval: 50 });

it('metrics, health and status over HTTP, and what is told where the port is taken', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.log'), 'one\ntwo\n');
  const file = pipelineFile(folder, `http: 0\n${console}`);
  const agent = await startAgent(file);
  expect(agent.stderr).toMatch(/http +http:\/\/127\.0\.0\.1:[1-9]/);
  const { address } = (await statusOf(file)).http!;
  const got = async (path: string) => (await fetch(`http://${address}${path}`)).text();
  expect(await got('/healthz')).toBe('alive\n');
  await until(async () => expect(await got('/readyz')).toBe('ready\n'));
  await until(async () => {
    const { series } = parsePrometheus(await got('/metrics')).get('logcatch_component_sent_records_total')!;
    expect(series.map(({ labels, value }) => [labels.component, value])).toEqual([
      ['app', 2],
      ['screen', 2],
    ]);
  });
  expect(JSON.parse(await got('/status'))).toMatchObject({ name: 'test', pid: agent.pid });

  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  writeFileSync(file, `http: ${port}\n${console}`);
  await until(async () => {
    const { code, stdout } = await runPipeline('status', file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^http +127.0.0.1:\d+ is degraded.*\n +LC_HTTP_LISTEN .*EADDRINUSE.*\n +Another program/m);
  });
  appendFileSync(join(folder, 'a.log'), 'three\n');
  await agent.printed('three', 'stdout');
});

it('top: a frame for scripts, and with no agent why not', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.log'), 'one\ntwo\n');
  const file = pipelineFile(folder, console);
  expect(await runPipeline('top', file, '--once')).toMatchObject({ code: 3, stdout: '' });
  await startAgent(file);
  await until(async () => {
    const { code, stdout } = await runPipeline('top', file, '--once');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^test {2}up \d+s {2}runs well\ncpu \d+ % /);
    expect(stdout).toMatch(/^app +file-tail +running +0 +0 +0 B +0 B +0 B +0$/m);
    expect(stdout).toMatch(/^screen +console +running +0 +0 +0 B +0 B +0 +0$/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there is no terminal
    expect(stdout).not.toMatch(/\u001b/);
  });
});

it.skipIf(process.platform !== 'linux').each([
  ['is narrow: the end of no line is cleared by what clears the rest of it', 38, 37],
  ['does not say how large it is', 0, 79],
])('top in a terminal that %s', async (_what, columns, most) => {
  const folder = temporaryFolder();
  const file = pipelineFile(folder, console);
  await startAgent(file);
  const command = `stty cols ${columns} rows ${columns && 20}; exec ${process.execPath} ${bin} top ${file}`;
  const top = new Child('sh', ['-c', `sleep 600 | script -qfec '${command}' /dev/null`]);
  await top.printed(/component +state[\s\S]*component +state/, 'stdout');
  const lines = top.stdout
    .replaceAll('\u001b[H', '\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there is a terminal
    .replaceAll(/\u001b\[[?\d]*[A-Za-z]/g, '')
    .split(/\r*\n/);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(most);
});

it.skipIf(process.platform !== 'linux')(
  'top in a terminal: goes on when the agent is killed, and leaves the terminal as it was',
  async () => {
    const folder = temporaryFolder();
    const file = pipelineFile(folder, console);
    const agent = await startAgent(file);
    /** Its terminal is 60 characters wide; it ends with a `q` when there is a file `quit`. */
    const inTerminal = () => {
      const command = `stty cols 60 rows 20; echo $$ > pid; exec ${process.execPath} ${bin} top ${file}`;
      const keys = '(until [ -e quit ]; do sleep 0.1; done; printf q)';
      return new Child('sh', ['-c', `${keys} | script -qfec '${command}' /dev/null`], { cwd: folder });
    };
    const [entered, left] = ['\u001b[?1049h', '\u001b[?1049l'];
    const ending = ({ stdout }: Child) => stdout.trimEnd().slice(-left.length);

    const top = inTerminal();
    await top.printed(/runs well[\s\S]*component +state/, 'stdout');
    await agent.crash();
    await top.printed(/LC_AGENT_NOT_RUNNING[\s\S]*as it last was:/, 'stdout');
    await startAgent(file);
    const before = top.stdout.length;
    await until(async () => expect(top.stdout.slice(before)).toMatch(/H(?=test )[\s\S]*runs well/));
    writeFileSync(join(folder, 'quit'), '');
    expect(await top.exited).toBe(0);
    expect(top.stdout.indexOf(entered)).toBeLessThan(top.stdout.indexOf('runs well'));
    expect(ending(top)).toBe(left);
    // What is erased after a line that fills the terminal would take its last character.
    expect(/cpu \d[^\r\n]*?…/.exec(top.stdout)![0]).toHaveLength(59);

    rmSync(join(folder, 'quit'));
    const stopped = inTerminal();
    await stopped.printed('runs well', 'stdout');
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGTERM');
    await until(async () => expect(ending(stopped)).toBe(left));
    writeFileSync(join(folder, 'quit'), '');
    expect(await stopped.exited).toBe(143);
  },
);
