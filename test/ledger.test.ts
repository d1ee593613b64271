import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Account, dataDirOf, type PathReport, withCheckpoints } from '@logcatch/core';
import { expect, it, vi } from 'vitest';
import { sumOf } from './support/account.ts';
import {
  type PipelineProcess,
  pipelineFile,
  repository,
  runPipeline,
  startAgent,
  statusOf,
  temporaryFolder,
} from './support/agent.ts';
import { columns, read } from './support/document.ts';
import { Load } from './support/load.ts';
import { rounds } from './support/soak.ts';

/** Writes to a file while there is no file `closed`; refuses what is too long. */
const gate = `
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { defineOutput, LogcatchError, Rejected, z } from '@logcatch/plugin-api';

export default defineOutput({
  type: 'gate',
  description: 'For a test.',
  options: z.strictObject({}),
  create: (_, ctx) => ({
    async start() {},
    async write(batch, signal) {
      while (existsSync(ctx.resolve('closed'))) await setTimeout(20, undefined, { signal });
      const records = [...batch];
      const good = records.filter(({ bytes }) => bytes.length <= 20);
      appendFileSync(ctx.resolve('written.txt'), good.map(({ text }) => text + '\\n').join(''));
      const reason = new LogcatchError('LC_RECORD_REFUSED', 'longer than 20 bytes');
      const refused = records.filter(({ bytes }) => bytes.length > 20).map(({ index }) => ({ index, reason }));
      if (refused.length > 0) throw new Rejected(refused);
    },
    async stop() {},
  }),
});
`;

const yaml = `
plugins: [./gate.ts]
inputs: { app: { type: file-tail, paths: ./*.log } }
transforms: { blank: { type: drop-blank } }
outputs: { out: { type: gate } }`;

class Place {
  readonly folder: string;
  readonly file: string;

  constructor(content = yaml, folder = temporaryFolder()) {
    this.folder = folder;
    writeFileSync(join(this.folder, 'gate.ts'), gate);
    this.file = pipelineFile(this.folder, content);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  get written(): string[] {
    return existsSync(this.path('written.txt'))
      ? readFileSync(this.path('written.txt'), 'utf8').split('\n').slice(0, -1)
      : [];
  }

  start(): Promise<PipelineProcess> {
    return startAgent(this.file);
  }

  /** What is known of a file, as `pipeline explain` asks for it. It adds up at every look. */
  async explain(name: string): Promise<PathReport> {
    const dataDir = await dataDirOf(this.file, process.env);
    const report = await withCheckpoints(dataDir, (checkpoints) => checkpoints.report(this.path(name)));
    for (const { account } of [report, ...report.sources, ...report.ended])
      expect(sumOf(account)).toBe(account.discovered);
    return report;
  }

  until(name: string, account: Partial<Account>): Promise<PathReport> {
    return until(async () => {
      const report = await this.explain(name);
      expect(report.account).toMatchObject(account);
      return report;
    });
  }
}

function until<T>(look: () => Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 60_000, interval: 100 });
}

it('accounts for every byte: blank lines, too long ones, a kill, a truncation, a deletion', async () => {
  const place = new Place();
  const long = 'x'.repeat(30);
  writeFileSync(place.path('a.log'), `one\n\n  \ntwo\n${long}\nthree\n`);
  writeFileSync(place.path('b.log'), 'b\n');
  writeFileSync(place.path('c.log'), 'c\n');
  const first = await place.start();
  const settled = { delivered: 14, dropped: { blank: 4 }, deadLettered: 31, pending: 0, abandoned: {}, repeated: 0 };
  await place.until('a.log', { discovered: statSync(place.path('a.log')).size, ...settled });
  const text = (await runPipeline('explain', place.file, place.path('a.log'))).stdout;
  expect(text).toContain(`
  14  delivered
   4  dropped: blank
  31  went to the dead letters
   0  pending
  --
  49  discovered
`);

  // Read and not delivered when the kill comes: pending before and after, for nobody knows that it was ever read but the ledger.
  writeFileSync(place.path('closed'), '');
  appendFileSync(place.path('a.log'), 'lost when it is truncated\n'.slice(6));
  appendFileSync(place.path('b.log'), 'lost when deleted\n');
  appendFileSync(place.path('c.log'), 'read twice\n');
  await place.until('a.log', { discovered: 69, ...settled, pending: 20 });
  await place.until('b.log', { delivered: 2, pending: 18 });
  await place.until('c.log', { delivered: 2, pending: 11 });
  await first.crash();
  const stopped = await place.explain('a.log');
  expect(stopped).toMatchObject({ running: false, account: { discovered: 69, ...settled, pending: 20 } });

  rmSync(place.path('b.log'));
  truncateSync(place.path('a.log'));
  writeFileSync(place.path('a.log'), 'new\n');
  const second = await place.start();
  await place.until('b.log', { discovered: 20, delivered: 2, pending: 0, abandoned: { gone: 18 } });
  expect(second.stderr).toContain('b.log: gone, and at least 18 bytes of it are lost: they were not delivered before');
  rmSync(place.path('closed'));
  const truncated = await place.until('a.log', {
    ...settled,
    discovered: 73,
    delivered: 18,
    abandoned: { truncated: 20 },
  });
  expect(truncated).toMatchObject({
    sources: [{ position: 4 }],
    ended: [{ ends: [{ how: 'truncated', position: 49 }] }],
  });
  expect((await runPipeline('explain', place.file, place.path('a.log'))).stdout).toMatch(
    /^a source of app ended \d+s ago: truncated at position 49, 69 bytes discovered, 20 bytes abandoned$/m,
  );
  await place.until('c.log', { discovered: 13, delivered: 13, pending: 0, repeated: 11 });
  expect(place.written.toSorted()).toEqual(['b', 'c', 'new', 'one', 'read twice', 'three', 'two']);

  // Per input, in its status, nothing else than the sum of the files.
  const { components } = await statusOf(place.file);
  expect(components[0]!.input!.account).toEqual({
    discovered: 73 + 20 + 13,
    delivered: 18 + 2 + 13,
    dropped: { blank: 4 },
    deadLettered: 31,
    skipped: 0,
    pending: 0,
    abandoned: { truncated: 20, gone: 18 },
    repeated: 11,
  });

  // Truncated while it runs, all of it delivered before: nothing is abandoned.
  truncateSync(place.path('c.log'));
  await until(async () =>
    expect((await place.explain('c.log')).ended).toMatchObject([{ ends: [{ how: 'truncated' }] }]),
  );
  appendFileSync(place.path('c.log'), 'again\n');
  await place.until('c.log', { discovered: 19, delivered: 19, pending: 0, abandoned: {}, repeated: 11 });
  await second.stop();
  expect((await place.explain('c.log')).account).toMatchObject({ discovered: 19, delivered: 19 });
});

it('balances across kills at random under load', { timeout: 600_000 }, async () => {
  const kills = rounds(4, 40);
  const folder = temporaryFolder();
  cpSync(join(repository, 'pipelines/plugins'), join(folder, 'plugins'), { recursive: true });
  const place = new Place(
    `
plugins: [./plugins/line-file.ts]
inputs: { app: { type: file-tail, paths: ./logs/*.log } }
transforms: { blank: { type: drop-blank } }
outputs: { out: { type: line-file, path: ./out.txt } }`,
    folder,
  );
  mkdirSync(place.path('logs'));
  const load = new Load(place.path('logs'), ['a', 'b']);
  let blank = 0;
  load.start(20_000);
  for (let kill = 0; kill < kills; kill++) {
    const agent = await place.start();
    appendFileSync(load.path('a'), '\n \n');
    blank += 3;
    await setTimeout(Math.random() * 1_000);
    await agent.crash();
    for (const name of load.names) await place.explain(`logs/${name}.log`);
  }
  load.stop();
  const last = await place.start();
  for (const [name, dropped] of Object.entries({ a: { blank }, b: {} })) {
    const { size } = statSync(load.path(name));
    await place.until(`logs/${name}.log`, {
      discovered: size,
      delivered: size - ('blank' in dropped ? blank : 0),
      dropped,
      pending: 0,
    });
  }
  await last.stop();
  const lines = readFileSync(place.path('out.txt'), 'utf8').split('\n');
  const arrived = new Set(lines);
  // Some kill came after lines were written and before their position was stored.
  expect(lines.length).toBeGreaterThan(arrived.size);
  for (const name of load.names) expect(load.lines(name).filter((line) => !arrived.has(line))).toEqual([]);
});

const document = columns(read('docs/delivery.md'));

/** What a command prints, as the document shows it. */
function shown(place: Place, command: string, { stdout }: { stdout: string }): string {
  const output = stdout.replaceAll(place.folder, '/var/log/app');
  return columns(`$ pipeline ${command}\n${output}`);
}

it('explain and checkpoints say what the document shows', async () => {
  const place = new Place();
  const app = place.path('app.log');
  const run = (...args: string[]) => runPipeline(args[0]!, place.file, ...args.slice(1));
  writeFileSync(app, `GET /\n\nGET /favicon.ico\n${'x'.repeat(100)}\n`);
  const agent = await place.start();
  await place.until('app.log', { pending: 0, discovered: 125 });
  expect(document).toContain(shown(place, 'explain prod.yaml app.log', await run('explain', app)));
  expect(document).toContain(shown(place, 'checkpoints prod.yaml ls', await run('checkpoints', 'ls')));
  const back = await run('checkpoints', 'seek', app, '7');
  expect(document).toContain(shown(place, 'checkpoints prod.yaml seek app.log 7', back));
  await place.until('app.log', { repeated: 118 });
  expect(place.written).toEqual(['GET /', 'GET /favicon.ico', 'GET /favicon.ico']);

  writeFileSync(place.path('closed'), '');
  appendFileSync(app, 'stuck\n');
  await place.until('app.log', { pending: 6 });
  expect(await run('checkpoints', 'seek', app, '132')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^LC_CHECKPOINT_POSITION .*has no position 132: it ends at 131/),
  });
  expect((await run('checkpoints', 'seek', app, 'end')).stdout).toContain(
    'goes on from 125 to 131: 6 bytes are skipped and will not be shipped',
  );
  rmSync(place.path('closed'));
  appendFileSync(app, 'after\n');
  await place.until('app.log', { skipped: 6, pending: 0, discovered: 137 });
  expect(place.written).not.toContain('stuck');

  expect((await run('checkpoints', 'seek', app, 'middle')).stderr).toContain('a number of bytes, `beginning` or `end`');
  for (const wrong of [['seek', app], ['seek', app, 'middle'], ['show'], ['ls', app], ['reset'], ['remove', app]]) {
    expect(await run('checkpoints', ...wrong)).toMatchObject({ code: 2, stdout: '' });
  }
  const unknown = { code: 1, stdout: '', stderr: expect.stringContaining('LC_CHECKPOINT_UNKNOWN') };
  expect(await run('checkpoints', 'show', place.path('other.log'))).toMatchObject(unknown);
  expect(await run('checkpoints', 'reset', place.path('other.log'))).toMatchObject(unknown);
  expect(await run('explain', place.path('other.log'))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('There is no such file at the moment.'),
  });
  expect(await run('explain', place.path('other.txt'))).toMatchObject({ code: 1 });
  agent.kill('SIGTERM');
  await agent.exited;

  // The same without an agent, of what it has stored.
  const list = JSON.parse((await run('checkpoints', 'ls', '--json')).stdout);
  expect(list).toMatchObject([{ path: app, position: 137, open: false, account: { skipped: 6 } }]);
  expect(await run('checkpoints', 'show', app)).toMatchObject({ code: 0, stdout: expect.stringContaining('ino=') });
  expect(await run('checkpoints', 'seek', app, 'end')).toMatchObject({ stdout: `app: ${app} stays at 137\n` });
  expect(await run('checkpoints', 'reset', app)).toMatchObject({
    stdout: `app: ${app} goes back from 137 to 0: 137 bytes will be shipped again\n`,
  });
  expect((await run('explain', app)).stdout).toContain('137 bytes to come again, last open');
  const before = place.written.length;
  expect(await run('run', '--once')).toMatchObject({ code: 1 });
  expect(place.written.slice(before)).toEqual(['GET /', 'GET /favicon.ico', 'stuck', 'after']);
  await place.until('app.log', { discovered: 137, skipped: 6, repeated: 118 + 137 });
});

it('checkpoints where no agent has been make nothing', async () => {
  const place = new Place();
  expect(await runPipeline('checkpoints', place.file, 'ls')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('LC_AGENT_NOT_RUNNING'),
  });
  expect(existsSync(place.path('.logcatch'))).toBe(false);
});

it('a damaged state is set aside and said, and nothing is skipped: repeats rather than loss', async () => {
  const place = new Place(yaml.replace('paths', 'from: end, paths'));
  writeFileSync(place.path('a.log'), 'old\n');
  const first = await place.start();
  appendFileSync(place.path('a.log'), 'one\n');
  await place.until('a.log', { discovered: 4, delivered: 4, pending: 0 });
  first.kill('SIGTERM');
  await first.exited;
  appendFileSync(place.path('a.log'), 'two\n');
  const state = place.path('.logcatch/test/state.db');
  writeFileSync(state, Buffer.alloc(statSync(state).size, 0xee));

  // Looking changes nothing.
  expect(await runPipeline('checkpoints', place.file, 'ls')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('LC_STATE_CORRUPT'),
  });
  const second = await place.start();
  expect(second.stderr).toMatch(
    /LC_STATE_CORRUPT \S+state\.db cannot be used: .*set aside as (\S+)\. 0 positions could be read of it and go on; every other file is read from its beginning/,
  );
  expect(readdirSync(join(state, '..')).filter((name) => /^state\.db\.damaged-\d+T\d+Z$/.test(name))).toHaveLength(1);
  await place.until('a.log', { discovered: 12, delivered: 12, pending: 0 });
  expect(place.written).toEqual(['one', 'old', 'one', 'two']);
  await second.crash();

  // Once: the next start finds nothing wrong.
  const third = await place.start();
  expect(third.stderr).not.toContain('LC_STATE_CORRUPT');
  await place.until('a.log', { discovered: 12, delivered: 12, pending: 0 });
});
