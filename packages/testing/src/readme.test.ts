import { readFileSync } from 'node:fs';
import {
  type Batch,
  batchOf,
  defineConfigSource,
  defineInput,
  defineTransform,
  FileWatch,
  type Source,
  z,
} from '@logcatch/plugin-api';
import {
  configSourceContract,
  FlakyOutput,
  fakeConfigContext,
  fakeInputContext,
  HandClock,
  inputContract,
  LogFolder,
  MemorySources,
  memoryBatch,
  outputContract,
  transformContract,
} from '@logcatch/testing';
import { expect, test } from 'vitest';

// The code of the README, run: what stands between the comments with scissors is a block of it.

const options = z.strictObject({});

const upper = defineTransform({
  type: 'upper',
  description: '',
  options,
  create: () => ({ apply: (batch) => batch.mapText((text) => text.toUpperCase()) }),
}).definition;

const words = defineConfigSource({
  type: 'words',
  description: '',
  options,
  create: (_options, context) => {
    const label = 'word.txt';
    const watch = new FileWatch({ path: context.resolve(label), label, changed: () => context.changed() });
    return {
      start: (signal) => watch.start(signal),
      load: async (signal) => ({ document: { text: await watch.readText(signal), format: 'text', label } }),
      stop: () => watch.stop(),
    };
  },
}).definition;

/** Reads a file whose lines are all there, again and again whole. */
const lines = defineInput({
  type: 'lines',
  description: '',
  options,
  create: (_options, context) => {
    let source: Source;
    let position = 0;
    const paused = new Set<Source>();
    return {
      start: async () => {
        const [stored] = context.sources.known();
        [source] = context.sources.open([{ ...(stored && { key: stored.key }), path: 'app.log', meta: {} }]) as [
          Source,
        ];
        position = source.position;
      },
      read: async (signal): Promise<Batch> => {
        const all = () => readFileSync(context.resolve('app.log'), 'utf8').split('\n').slice(0, -1);
        while (paused.has(source) || all().length <= position) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          signal.throwIfAborted();
        }
        const values = all().slice(position, position + Math.min(100, context.maxRecords));
        const batch = await batchOf(source, values, { start: position, buffers: context.buffers, signal });
        position = batch.end;
        return batch;
      },
      pause: (one) => void paused.add(one),
      resume: (one) => void paused.delete(one),
      rewind: (_one, to) => {
        position = to;
      },
      stop: async () => {},
    };
  },
}).definition;

// 8< transform
for (const { name, run } of transformContract(() => ({
  create: (context) => upper.create({}, context),
  records: ['a record that it does something to'],
}))) {
  test(`upper: ${name}`, run);
}
// >8

// 8< input
for (const { name, run } of inputContract(async () => {
  const logs = new LogFolder();
  logs.append('app.log');
  return {
    options: { folder: logs.path },
    create: (context) => lines.create({}, context),
    produce: async (more) => logs.append('app.log', ...more),
    cleanup: async () => logs.clean(),
  };
})) {
  test(`lines: ${name}`, run);
}
// >8

// 8< output
for (const { name, run } of outputContract(async () => {
  const target = new FlakyOutput();
  target.refuse((text) => text === 'bad');
  return {
    create: () => target,
    written: async () => target.written, // what the target holds
    fail: async () => target.fail(), // left out where it cannot be made to fail
    heal: async () => target.heal(),
    refused: 'bad', // a record that the target never takes
  };
})) {
  test(`target: ${name}`, run);
}
// >8

// 8< config source
for (const { name, run } of configSourceContract(async () => {
  const logs = new LogFolder();
  return {
    options: { folder: logs.path },
    create: (context) => words.create({}, context),
    put: async (word) => {
      if (logs.names().length > 0) logs.truncate('word.txt');
      logs.write('word.txt', word);
    },
    remove: async () => logs.remove('word.txt'),
    wordOf: (loaded) => ('document' in loaded ? loaded.document.text : undefined),
    cleanup: async () => logs.clean(),
  };
})) {
  test(`words: ${name}`, run);
}
// >8

// 8< fakes
test('fakes', async () => {
  // A batch for a transform or an output; the second argument is what all of its records have in common.
  const batch = await memoryBatch(['one', 'two'], { topic: 'web' });
  expect(batch.attribute('topic', 1)).toBe('web');

  // Contexts remember what was logged and said; positions outlive the context that they are given to.
  const sources = new MemorySources();
  const context = fakeInputContext({ sources });
  const [source] = context.sources.open([{ path: '/var/log/app.log', meta: {} }]);
  sources.settle(source!, 100);
  sources.restart();
  expect(fakeInputContext({ sources }).sources.known()).toMatchObject([{ position: 100 }]);
  expect(fakeConfigContext().changes).toBe(0);

  // Log files, and what happens to them. There is truncate, rename and remove too.
  const logs = new LogFolder();
  logs.append('app.log', 'one', 'two');
  logs.rotate('app.log'); // by renaming; copyTruncate copies
  logs.append('app.log', 'three');
  expect([logs.lines('app.log.1'), logs.lines('app.log')]).toEqual([['one', 'two'], ['three']]);
  logs.clean();

  // Time that passes when it is told to.
  const clock = new HandClock();
  let rung = false;
  clock.after(60_000, () => {
    rung = true;
  });
  await clock.pass(60_000);
  expect(rung).toBe(true);

  // An output that fails twice, then writes.
  const output = new FlakyOutput();
  output.fail(2);
  const { signal } = new AbortController();
  await expect(output.write(batch, signal)).rejects.toThrow('the target is away');
});
// >8

test('the README shows this code', () => {
  const own = readFileSync(new URL(import.meta.url), 'utf8');
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const blocks = [...own.matchAll(/^\/\/ 8< .*\n([\s\S]*?)^\/\/ >8$/gm)].map(([, code]) => code!);
  expect(blocks).toHaveLength(5);
  for (const code of blocks) expect(readme).toContain(`\`\`\`ts\n${code}\`\`\``);
});
