import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type DeadLetter, dataDirOf, type LetterSummary, summarize } from '@logcatch/core';
import { expect, it, vi } from 'vitest';
import { consumeAll, createTopic, flat, uniqueTopic } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipeline, pipelineFile, runPipeline, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { columns, read } from './support/document.ts';
import { rounds } from './support/soak.ts';

/** Refuses what is longer than the file `most` says. */
const strict = `
import { appendFileSync, readFileSync } from 'node:fs';
import { defineOutput, LogcatchError, Rejected, z } from '@logcatch/plugin-api';

export default defineOutput({
  type: 'strict',
  description: 'For a test.',
  options: z.strictObject({}),
  create: (_, ctx) => ({
    async start() {},
    async write(batch) {
      const most = Number(readFileSync(ctx.resolve('most'), 'utf8'));
      const records = [...batch];
      const good = records.filter(({ bytes }) => bytes.length <= most);
      appendFileSync(ctx.resolve('written.txt'), good.map(({ text }) => text + '\\n').join(''));
      const reason = new LogcatchError('LC_RECORD_REFUSED', 'longer than ' + most + ' bytes');
      const refused = records.filter(({ bytes }) => bytes.length > most).map(({ index }) => ({ index, reason, target: 'written.txt' }));
      if (refused.length > 0) throw new Rejected(refused);
    },
    async stop() {},
  }),
});
`;

class Place {
  readonly folder = temporaryFolder();
  readonly file: string;

  constructor() {
    writeFileSync(join(this.folder, 'strict.ts'), strict);
    this.allow(20);
    this.file = pipelineFile(
      this.folder,
      `
plugins: [./strict.ts]
inputs: { app: { type: file-tail, paths: ./*.log, attributes: { team: web } } }
outputs: { out: { type: strict } }`,
    );
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Bytes that a record may have. */
  allow(bytes: number): void {
    writeFileSync(this.path('most'), String(bytes));
  }

  run(command: string, ...args: string[]) {
    return runPipeline(command, this.file, ...args);
  }

  start() {
    return startAgent(this.file);
  }

  async summary(): Promise<LetterSummary> {
    return JSON.parse((await this.run('dlq', 'ls', '--json')).stdout) as LetterSummary;
  }

  async letters(): Promise<DeadLetter[]> {
    const { stdout } = await this.run('dlq', 'show', '--json');
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as DeadLetter);
  }

  /** Looks as `pipeline dlq ls` does. */
  async until(records: number): Promise<void> {
    const dataDir = await dataDirOf(this.file, process.env);
    await vi.waitFor(() => expect(summarize(dataDir, {}).records).toBe(records), { timeout: 60_000, interval: 50 });
  }

  get written(): string[] {
    const file = this.path('written.txt');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  }
}

const document = columns(read('docs/delivery.md'));

/** What a command prints, as the document shows it: at another time, in another folder. */
function shown(place: Place, command: string, stdout: string): string {
  const output = stdout
    .replaceAll(place.folder, '/var/log/app')
    .replaceAll(place.file.slice(place.folder.length), '/prod.yaml')
    .replaceAll(/\d+s ago/g, '3s ago')
    .replaceAll(/for \d+s/g, 'for 3s')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-22T13:37:11.584Z')
    .replaceAll(/[\d.]+ (Ki)?B\b/g, '1.0 KiB');
  return columns(`$ pipeline ${command}\n${output}`);
}

it('ls, show, replay and drop say what the document shows, and the status what to do', async () => {
  const place = new Place();
  const app = place.path('app.log');
  writeFileSync(app, `GET /\n${'x'.repeat(30)}\n${'y'.repeat(60)}\n`);
  const agent = await place.start();
  await place.until(2);
  expect(document).toContain(shown(place, 'dlq prod.yaml ls', (await place.run('dlq', 'ls')).stdout));
  expect(document).toContain(
    shown(place, 'dlq prod.yaml show --limit 1', (await place.run('dlq', 'show', '--limit', '1')).stdout),
  );
  expect(await place.letters()).toMatchObject([
    { output: 'out', target: 'written.txt', path: app, source: 1, offset: 6, attributes: { team: 'web' } },
    { value: 'y'.repeat(60) },
  ]);

  const status = await place.run('status');
  expect(status).toMatchObject({ code: 1, stdout: expect.stringContaining('does not run well') });
  const lines = status.stdout.slice(status.stdout.indexOf('\noutput') + 1);
  expect(document).toContain(shown(place, 'status prod.yaml\n...', lines));
  expect(await statusOf(place.file)).toMatchObject({
    well: false,
    components: [{}, { output: { buried: { records: 2 } } }],
  });

  place.allow(50);
  const replay = await place.run('dlq', 'replay');
  expect(replay.code).toBe(1);
  expect(document).toContain(shown(place, 'dlq prod.yaml replay', replay.stdout));
  expect(place.written).toEqual(['GET /', 'x'.repeat(30)]);
  expect(await place.letters()).toMatchObject([{ value: 'y'.repeat(60), reason: 'longer than 50 bytes' }]);

  expect(await place.run('dlq', 'drop')).toMatchObject({ code: 2, stdout: '' });
  expect(await place.run('dlq', 'drop', '--output', 'other', '--yes')).toMatchObject({ code: 2, stdout: '' });
  expect(await place.run('dlq', 'drop', '--reason', 'LC_OTHER', '--yes')).toMatchObject({
    stdout: '0 dead letters dropped\n',
  });
  expect((await place.summary()).records).toBe(1);
  expect(await place.run('dlq', 'drop', '--yes')).toMatchObject({ code: 0, stdout: '1 dead letter dropped\n' });
  // What is gone is no news.
  expect((await place.run('status')).code).toBe(0);

  appendFileSync(app, `${'z'.repeat(60)}\n`);
  await place.until(1);
  await agent.stop();
  // The two before are gone.
  expect(agent.stderr).toContain('1 record could not be delivered and is in');
  const second = await place.start();
  expect(await place.run('status')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('the last dead letter came'),
  });
  await second.stop();
  expect(second.stderr).not.toContain('could not be delivered');
  // The same without an agent.
  expect((await place.run('dlq', 'show')).stdout).toContain('z'.repeat(60));
  expect(await place.run('dlq', 'replay', '--reason', 'LC_OTHER')).toMatchObject({
    code: 0,
    stdout: 'There are no such dead letters.\n',
  });
  place.allow(100);
  expect(await place.run('dlq', 'replay', '--reason', 'LC_RECORD_REFUSED', '--output', 'out')).toMatchObject({
    code: 0,
    stdout: 'out: 1 record written and removed from the dead letters\n',
    stderr: '',
  });
  expect(place.written.at(-1)).toBe('z'.repeat(60));
  expect(await place.run('dlq', 'ls')).toMatchObject({ code: 0, stdout: 'There are no dead letters.\n' });
  expect(await place.run('dlq', 'drop')).toMatchObject({ code: 0, stdout: 'There are no dead letters.\n' });
  for (const wrong of [['list'], ['show', '--limit', 'x'], ['show', 'path']])
    expect(await place.run('dlq', ...wrong)).toMatchObject({ code: 2, stdout: '' });
});

it('where no agent has been nothing is made', async () => {
  const place = new Place();
  for (const args of [['ls'], ['show'], ['replay'], ['drop', '--yes']]) {
    expect(await place.run('dlq', ...args)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('LC_AGENT_NOT_RUNNING'),
    });
  }
  expect(existsSync(place.path('.logcatch'))).toBe(false);
});

it('kill -9 in the middle of a replay, of the agent or of the command: nothing is lost, little repeated', {
  timeout: 600_000,
}, async () => {
  const count = 6_000;
  const names = Array.from({ length: count }, (_, i) => `record ${i} ${'.'.repeat(500)}`);
  const place = new Place();
  writeFileSync(place.path('app.log'), names.map((name) => `${name}\n`).join(''));
  await place.run('run', '--once');
  expect((await place.summary()).records).toBe(count);
  place.allow(1_000);

  const rest = new Set(names);
  let middle = 0;
  // As many as hit a replay that had removed some and not all.
  for (let kill = 0; middle < rounds(2, 20); kill++) {
    const agent = kill % 2 === 0 ? await place.start() : undefined;
    const before = place.written.length;
    const replay = pipeline('dlq', place.file, 'replay');
    await vi.waitFor(() => expect(place.written.length > before || !replay.running).toBe(true), {
      timeout: 60_000,
      interval: 1,
    });
    await setTimeout(Math.random() * 20);
    (agent ?? replay).kill('SIGKILL');
    await Promise.all([agent?.exited, agent ? undefined : replay.exited]);
    await replay.crash();
    const kept = new Set((await place.letters()).map(({ value }) => value!));
    const written = new Set(place.written);
    for (const name of rest) expect(written.has(name) || kept.has(name)).toBe(true);
    // All but the step it was in: about 1,300 records of this size.
    expect([...written].filter((name) => kept.has(name)).length).toBeLessThan(1_500);
    if (kept.size > 0 && kept.size < count) middle++;
    if (kept.size === 0) {
      // Once more from the beginning.
      rmSync(place.path('written.txt'));
      place.allow(20);
      await place.run('checkpoints', 'reset', place.path('app.log'));
      await place.run('run', '--once');
      place.allow(1_000);
    }
  }
  expect((await place.run('dlq', 'replay')).code).toBe(0);
  expect((await place.summary()).records).toBe(0);
  expect(readdirSync(place.path('.logcatch/test/dead-letters'))).toEqual([]);
  expect(new Set(place.written)).toEqual(rest);
});

describeWith(['kafka'], 'Kafka', () => {
  it('a topic that has no value, and one that is none: mended in the file, replayed, and there', async () => {
    const { brokers } = kafka();
    const topic = uniqueTopic('dlq');
    await createTopic(brokers, topic, 1);
    const folder = temporaryFolder();
    const yaml = (attributes: string) => `
inputs:
  a: { type: file-tail, paths: ./a.log${attributes} }
  b: { type: file-tail, paths: ./b.log, attributes: { topic: "${attributes ? topic : 'no topic!'}" } }
outputs:
  kafka: { type: kafka, brokers: "${brokers.join(',')}", topic: "{{ topic }}", key: "{{ name }}" }`;
    const file = pipelineFile(folder, yaml(''));
    writeFileSync(join(folder, 'a.log'), 'one\ntwo\n');
    writeFileSync(join(folder, 'b.log'), 'three\n');
    expect((await runPipeline('run', file, '--once')).code).toBe(1);
    const { stdout } = await runPipeline('dlq', file, 'ls');
    expect(stdout).toContain('LC_RECORD_NO_VALUE');
    expect(stdout).toContain('LC_RECORD_REFUSED');
    // As it was they are refused again, one for each reason; a replay says so.
    expect(await runPipeline('dlq', file, 'replay')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('3 records refused again and kept'),
    });
    writeFileSync(file, yaml(`, attributes: { topic: ${topic} }`));
    expect(await runPipeline('dlq', file, 'replay')).toMatchObject({
      code: 0,
      stdout: 'kafka: 3 records written and removed from the dead letters\n',
    });
    const arrived = flat(await consumeAll(brokers, topic)).map(({ key, value }) => `${key} ${value}`);
    expect(arrived.toSorted()).toEqual(['a.log one', 'a.log two', 'b.log three']);
  });
});
