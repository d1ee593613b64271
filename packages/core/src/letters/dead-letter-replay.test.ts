import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askAgent } from '../control/control-client.ts';
import { Scene, simple, until } from '../fixtures/scene.ts';
import { dropLetters, replayLetters } from './dead-letter-commands.ts';
import type { ReplayStep } from './dead-letter-replay.ts';
import { readLetters } from './dead-letter-summary.ts';

const scene = new Scene();
const dataDir = () => join(scene.world.folder, '.logcatch/test');
const values = () => [...readLetters(dataDir(), {})].map(({ value }) => value);

async function replay(filter = {}): Promise<ReplayStep[]> {
  const steps: ReplayStep[] = [];
  const { world } = scene;
  await replayLetters({
    engine: world.engine(),
    file: join(world.folder, 'test.yaml'),
    dataDir: dataDir(),
    filter,
    done: (step) => steps.push(step),
  });
  return steps;
}

/** Refused while `bad` records are; see the memory output. */
async function refuse(yaml: string, ...lines: string[]): Promise<void> {
  const { world } = scene;
  world.refusing = true;
  world.add('a', ...lines);
  await world.start(yaml);
  await until(() => expect(world.agent!.deadLetters.count).toBe(lines.length));
}

test('of a running agent: through its output, in order, with what the file says now of their attributes', async () => {
  const { world } = scene;
  const file = (team: string) => simple.replace('[a]', `[a], attributes: { team: ${team} }`);
  await refuse(file('x'), 'one', 'bad', 'two');
  world.configure(file('y'));
  await world.agent!.reloadFile();
  world.refusing = false;
  expect(await replay()).toEqual([
    { outputs: [{ output: 'out', written: 2, refused: 1, reasons: { LC_RECORD_REFUSED: 'it is bad' } }] },
  ]);
  expect(scene.written()).toEqual(['yone', 'ytwo']);
  expect(values()).toEqual(['bad']);
  // What stays is no new one.
  expect(world.agent!.deadLetters.count).toBe(3);
  expect(await dropLetters(dataDir(), { output: 'out' })).toBe(1);
  expect(values()).toEqual([]);
  expect(await replay()).toEqual([{ outputs: [] }]);
});

test('what transforms made of a record goes with it', async () => {
  const { world } = scene;
  await refuse(
    `
inputs: { app: { type: memory, streams: [a] } }
transforms: { tag: { type: tag } }
outputs: { out: { type: memory } }`,
    'one',
    'two',
  );
  expect([...readLetters(dataDir(), {})]).toMatchObject([
    { computed: { team: '<one>' } },
    { computed: { team: '<two>' } },
  ]);
  world.refusing = false;
  await replay();
  expect(scene.written()).toEqual(['<one>one', '<two>two']);
});

test('an output that fails keeps them, and says so; the normal way does not notice', async () => {
  const { world } = scene;
  await refuse(simple, 'one');
  world.refusing = false;
  world.failing.add('out');
  const [step, ...more] = await replay();
  expect(more).toEqual([]);
  expect(step).toMatchObject({ outputs: [], trouble: { output: 'out', code: 'LC_PLUGIN_THREW' } });
  expect(step!.trouble!.message).toContain('the target is away');
  expect(values()).toEqual(['one']);
  expect(world.agent!.pipeline.outputs[0]!.supervisor.status.state).toBe('running');
  world.failing.clear();
  expect(await replay()).toMatchObject([{ outputs: [{ written: 1 }] }]);
  world.add('a', 'next');
  await scene.untilWritten(2);
  expect(scene.written()).toEqual(['one', 'next']);
});

test('an output takes turns: no write of it overlaps another where it takes one at a time', async () => {
  const { world } = scene;
  await refuse(simple, ...Array.from({ length: 100 }, (_, i) => `r${i}`));
  world.refusing = false;
  world.mostQueued = 0;
  world.add('a', ...Array.from({ length: 100 }, (_, i) => `n${i}`));
  await replay();
  await scene.untilWritten(200);
  expect(world.mostQueued).toBe(100);
  expect(new Set(scene.written()).size).toBe(200);
});

test('an output that is gone keeps them', async () => {
  const { world } = scene;
  await refuse(simple, 'one');
  world.configure(simple.replace('out:', 'other:'));
  await world.agent!.reloadFile();
  expect(await replay()).toMatchObject([{ trouble: { output: 'out', code: 'LC_DEAD_LETTERS_OUTPUT' } }]);
  expect(values()).toEqual(['one']);
});

test('of an agent that has stopped: starts the output and nothing else, under the lock', async () => {
  const { world } = scene;
  await refuse(simple, 'one', 'two');
  await world.agent!.stop();
  world.refusing = false;
  world.add('a', 'not read');
  expect(await replay()).toEqual([{ outputs: [{ output: 'out', written: 2, refused: 0, reasons: {} }] }]);
  expect(scene.written()).toEqual(['one', 'two']);
  expect(values()).toEqual([]);
  expect(world.created.get('app')).toBe(1);
  // The lock is free again.
  await world.start(simple);
  await scene.untilWritten(3);
});

test('an output that cannot start keeps them', async () => {
  const { world } = scene;
  await refuse(simple, 'one');
  await world.agent!.stop();
  world.unreachable.add('');
  expect(await replay()).toMatchObject([{ outputs: [], trouble: { output: 'out', message: 'cannot connect' } }]);
  expect(values()).toEqual(['one']);
});

test('an output that answers nothing keeps them, and says how it does', { timeout: 30_000 }, async () => {
  const { world } = scene;
  await refuse(simple, 'one');
  world.refusing = false;
  world.hanging.add('out');
  const [step] = await replay();
  expect(step!.trouble).toMatchObject({
    code: 'LC_OUTPUT_FAILED',
    message: 'out has not taken the records within 5 s; it is running',
  });
  expect(values()).toEqual(['one']);
});

test('status: how many, why, how full, and that it is not well', async () => {
  await refuse(simple, 'one', 'two');
  const status = await askAgent(dataDir(), 'GET', '/status');
  expect(status).toMatchObject({
    well: false,
    deadLetters: { bytes: expect.any(Number), limit: 64 << 20 },
    components: [
      { id: 'app' },
      { state: 'running', output: { buried: { records: 2, lastReason: 'LC_RECORD_REFUSED it is bad' } } },
    ],
  });
});

test('full, their source stops, and says what to do; dropped, it goes on', { timeout: 60_000 }, async () => {
  const { world } = scene;
  mkdirSync(join(dataDir(), 'dead-letters'), { recursive: true });
  writeFileSync(join(dataDir(), 'dead-letters/000001.jsonl'), '');
  truncateSync(join(dataDir(), 'dead-letters/000001.jsonl'), 64 << 20);
  world.add('a', 'one', 'bad', 'two');
  const agent = await world.start(simple);
  const output = agent.pipeline.outputs[0]!;
  await until(() => expect(output.supervisor.status.state).toBe('degraded'));
  expect(output.supervisor.status).toMatchObject({
    reason: expect.stringMatching(/^LC_DEAD_LETTERS_FULL .* holds 67108864 of 67108864 bytes$/),
    hint: expect.stringContaining('pipeline dlq FILE ls'),
  });
  expect([...agent.pipeline.inputs[0]!.sources]).toMatchObject([{ position: 0, pausedBy: ['dead-letters full'] }]);
  expect(await dropLetters(dataDir(), {})).toBe(0);
  await until(() => expect(output.supervisor.status.state).toBe('running'));
  expect([...agent.pipeline.inputs[0]!.sources]).toMatchObject([{ position: 3, pausedBy: [] }]);
  expect(values()).toEqual(['bad']);
});

test('the log says each replay, at once', async () => {
  await refuse(simple, 'one');
  await replay();
  await replay();
  expect(scene.world.logged.filter((line) => line.includes('a command replayed'))).toHaveLength(2);
});

test('what cannot be a request does nothing', async () => {
  await refuse(simple, 'one');
  writeFileSync(join(dataDir(), 'dead-letters/notes.txt'), 'mine');
  expect(await askAgent(dataDir(), 'POST', '/dead-letters/replay?segment=x&byte=-1')).toEqual({ outputs: [] });
  expect(await askAgent(dataDir(), 'POST', '/dead-letters/drop?before=x')).toBe(0);
  expect(values()).toEqual(['one']);
});
