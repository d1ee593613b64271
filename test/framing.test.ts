import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PathReport } from '@logcatch/core';
import { describe, expect, it } from 'vitest';
import { type Logrotate, logrotate, Unavailable } from './servers/index.ts';
import { pipelineFile, repository, runPipeline, startAgent, temporaryFolder } from './support/agent.ts';

/** Lines of JSON without what differs from machine to machine. */
function shown(line: string): unknown {
  if (!line.startsWith('{')) return line;
  const { path, name, input, host, ...rest } = JSON.parse(line);
  return rest;
}

const example =
  /```yaml\n([^`]*)```\n\n```text\n# logs\/app\.log\n([^`]*)```\n(?:\nPrinted, .*\n)?\n```text\n# printed\n([^`]*)```/g;

describe('each example of the README prints what stands there', () => {
  const readme = readFileSync(join(repository, 'plugins/input-file-tail/README.md'), 'utf8');
  for (const [, yaml, lines, printed] of readme.matchAll(example)) {
    it(/multiline|format: \w+|encoding: \S+/.exec(yaml!)![0], async () => {
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'logs'));
      writeFileSync(join(folder, 'logs/app.log'), lines!, yaml!.includes('utf-16le') ? 'utf16le' : 'utf8');
      const { code, stdout } = await runPipeline('run', pipelineFile(folder, yaml!), '--once');
      expect(code).toBe(0);
      expect(stdout.split('\n').map(shown)).toEqual(printed!.split('\n').map(shown));
    });
  }
});

/** Without it the test is skipped, and fails with CI=true, as those of servers. */
const rotate = await logrotate().catch((error: unknown): Logrotate | undefined => {
  if (!(error instanceof Unavailable) || process.env.CI === 'true') throw error;
  console.log(`!!! SKIPPING the test that needs it: ${error.message}`);
  return undefined;
});

/** A pipeline that prints JSON, and the folder of its logs. */
function stage(input: string) {
  const folder = temporaryFolder();
  const log = join(folder, 'logs/app.log');
  mkdirSync(join(folder, 'logs'));
  const yaml = `
inputs: { app: { type: file-tail, paths: "./logs/app.log*", ${input} } }
outputs: { out: { type: console, format: json } }`;
  return { log, file: pipelineFile(folder, yaml) };
}

const messagesOf = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).message);

it('a trace that is being written at kill -9 arrives once and whole, and its bytes are accounted for', async () => {
  const { log, file } = stage("multiline: { start: '^\\S', timeout: 1m }");
  writeFileSync(log, 'first\n\tat a\nsecond\n\tat b\n');
  const agent = await startAgent(file);
  await agent.printed(/first/, 'stdout');
  const reported = async (): Promise<PathReport> =>
    JSON.parse((await runPipeline('explain', file, log, '--json')).stdout);
  await expect.poll(async () => (await reported()).sources[0]?.position, { timeout: 60_000 }).toBe(12);
  await agent.crash();
  appendFileSync(log, '\tat c\nthird\n');
  const again = await runPipeline('run', file, '--once');
  expect(messagesOf(agent.stdout + again.stdout)).toEqual(['first\n\tat a', 'second\n\tat b\n\tat c', 'third']);
  const { account } = await reported();
  expect(account).toMatchObject({ discovered: 37, delivered: 37, pending: 0, repeated: 0 });
});

it('parts of CRI lines are put together, also of a log that is rotated between them', async () => {
  const { log, file } = stage('format: cri, close_renamed: 300ms');
  writeFileSync(log, '2026-11-22T10:00:00Z stdout F one\n2026-11-22T10:00:00Z stdout P two, ');
  const agent = await startAgent(file);
  await agent.printed(/one/, 'stdout');
  renameSync(log, `${log}.1`);
  writeFileSync(log, '2026-11-22T10:00:01Z stdout F three\n');
  appendFileSync(`${log}.1`, 'in\n2026-11-22T10:00:00Z stderr F err\n2026-11-22T10:00:00Z stdout F  parts\n');
  await agent.printed(/three/, 'stdout');
  await agent.stop();
  expect(messagesOf(agent.stdout)).toEqual(['one', 'two, in parts', 'err', 'three']);
});

it.skipIf(!rotate)(
  'what logrotate compresses is not read again, and read on where it was not read to its end',
  async () => {
    const { log, file } = stage('close_removed: 1s');
    const configuration = join(dirname(file), 'logrotate.conf');
    writeFileSync(configuration, `${log} {\n su root root\n rotate 60\n create\n compress\n}\n`, { mode: 0o644 });
    const rotated = () => rotate!(configuration, join(dirname(file), 'logrotate.state'));
    const printed: string[] = [];
    const written: string[] = [];
    const write = () => {
      const lines = Array.from({ length: 5 }, () => `line ${written.push(`line ${written.length}`) - 1}`);
      appendFileSync(log, `${lines.join('\n')}\n`);
      return lines.at(-1)!;
    };
    // Rotated while it runs, then while it does not, with lines that were not read before.
    for (const runs of [true, false, true]) {
      const agent = await startAgent(file);
      await agent.printed(write(), 'stdout');
      if (runs) await rotated();
      if (runs) await agent.printed(write(), 'stdout');
      await agent.stop();
      printed.push(...messagesOf(agent.stdout));
      write();
      if (!runs) await rotated();
    }
    printed.push(...messagesOf((await runPipeline('run', file, '--once')).stdout));
    expect(printed.toSorted()).toEqual(written.toSorted());
  },
);
