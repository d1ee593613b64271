import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Delivered, type Discovery, definePlugin } from '@logcatch/plugin-api';
import { describe, expect, test } from 'vitest';
import { lines, Scene, simple, until, upper } from './fixtures/scene.ts';

const scene = new Scene();

describe('delivery', () => {
  test('--once delivers everything, stores the positions, and a second run delivers what is new', async () => {
    scene.world.add('a', ...lines);
    const first = await scene.world.start(simple, { once: true });
    expect(await first.finished(10_000)).toBe(true);
    expect(await first.stop()).toEqual([]);
    expect(scene.written()).toEqual(lines);
    scene.world.add('a', 'more');
    const second = await scene.world.start(simple, { once: true });
    await second.finished(10_000);
    expect(scene.written()).toEqual([...lines, 'more']);
  });

  test('an output that fails gets the same records again, in order', async () => {
    scene.world.failing.add('out');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(simple);
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('degraded'));
    expect(agent.pipeline.outputs[0]!.supervisor.status.reason).toContain('the target is away');
    scene.world.failing.clear();
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(lines);
    expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('running');
  });

  test('a hanging output: stop ends within the bound, says what is left, and the next run completes', async () => {
    scene.world.hanging.add('out');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(`shutdown_timeout: 200ms${simple}`);
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBeGreaterThan(0));
    expect(await agent.stop()).toEqual([expect.objectContaining({ input: 'app', path: 'a', position: 0 })]);
    scene.world.hanging.clear();
    await scene.world.start(simple, { once: true });
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(lines);
  });

  test('a stop that need not drain waits for nothing, and says what is left', async () => {
    scene.world.hanging.add('out');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(`shutdown_timeout: 10m${simple}`);
    await until(() => expect([...agent.pipeline.inputs[0]!.sources][0]?.unsettled).toBeGreaterThan(0));
    expect(await agent.stop({ drain: false })).toEqual([expect.objectContaining({ path: 'a', position: 0 })]);
  });

  test('an output that is not required never holds up the others', async () => {
    scene.world.hanging.add('extra');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(
      `${simple.trimEnd().slice(0, -1)}, extra: { type: memory, required: false } }`,
      {
        once: true,
      },
    );
    expect(await agent.finished(10_000)).toBe(true);
    expect(scene.written()).toEqual(lines);
  });

  test('at most max_records are on their way to an output', async () => {
    scene.world.add('a', ...lines);
    scene.world.add('b', ...lines);
    await scene.world.start(`
inputs: { x: { type: memory, streams: [a], batch: 50 }, y: { type: memory, streams: [b], batch: 50 } }
outputs: { out: { type: memory, queue: { max_records: 7 } } }`);
    await scene.untilWritten(200);
    expect(scene.world.mostQueued).toBeLessThanOrEqual(7);
  });

  test('slow asynchronous transforms keep the order of a source', async () => {
    scene.world.add('a', ...lines);
    scene.world.add('b', ...lines.map((line) => `b ${line}`));
    await scene.world.start(`
inputs: { app: { type: memory, streams: [a, b], batch: 3 } }
transforms: { up: { type: upper, slow: true } }
outputs: { out: { type: memory } }`);
    await scene.untilWritten(200);
    expect(scene.written().filter((line) => !line.startsWith('B'))).toEqual(upper);
    expect(scene.written().filter((line) => line.startsWith('B'))).toEqual(upper.map((line) => `B ${line}`));
  });
});

describe('failures', () => {
  test('a transform that throws is made anew, and nothing is lost or reordered', async () => {
    scene.world.add('a', ...lines);
    scene.world.throwAt = 'line 42';
    await scene.world.start(`
inputs: { app: { type: memory, streams: [a] } }
transforms: { up: { type: upper } }
outputs: { out: { type: memory } }`);
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(upper);
    expect(scene.world.created.get('up')).toBe(2);
    expect(scene.world.logged.join()).toContain('the transform broke');
  });

  test('an input that throws goes on from what has settled, and the other does not notice', async () => {
    scene.world.add('a', ...lines);
    scene.world.add('b', ...lines);
    scene.world.broken.add('x');
    await scene.world.start(`
inputs: { x: { type: memory, streams: [a] }, y: { type: memory, streams: [b] } }
outputs: { out: { type: memory } }`);
    await scene.untilWritten(200);
    expect(scene.written()).toHaveLength(200);
    expect(scene.world.created.get('x')).toBe(2);
    expect(scene.world.created.get('y')).toBe(1);
  });

  test('records refused for good go to the dead letters with reason and origin, and the rest goes on', async () => {
    scene.world.add('a', 'one', 'bad', 'two');
    const agent = await scene.world.start(simple, { once: true });
    expect(await agent.finished(10_000)).toBe(true);
    await agent.stop();
    expect(scene.written()).toEqual(['one', 'two']);
    const letters = readFileSync(join(scene.world.folder, '.logcatch/test/dead-letters/000001.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(letters.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        output: 'out',
        path: 'a',
        offset: 1,
        value: 'bad',
        code: 'LC_RECORD_REFUSED',
        reason: 'it is bad',
      }),
    ]);
  });

  test('a second agent on the data_dir is refused, by name of the first', async () => {
    await scene.world.start(simple);
    const first = scene.world.agent!;
    await expect(scene.world.start(simple)).rejects.toMatchObject({
      code: 'LC_DATA_DIR_LOCKED',
      message: expect.stringContaining(`pid ${process.pid}`),
    });
    await first.stop();
  });
});

describe('what plugins may do', () => {
  const split = (extra = '') => `
max_bytes: 1MiB
shutdown_timeout: 200ms
inputs: { app: { type: memory, streams: [a] } }
transforms: { split: { type: split, inputs: [app]${extra} } }
outputs: { even: { type: memory, inputs: [split.even] }, odd: { type: memory, inputs: [split.odd] } }`;

  test('batches that share a chunk of the transform keep it until the last of them is written', async () => {
    scene.world.hanging.add('odd');
    scene.world.add('a', ...lines.slice(0, 10));
    await scene.world.start(split());
    await scene.untilWritten(5, 'even');
    scene.world.hanging.delete('odd');
    expect(scene.written('even')).toEqual([0, 2, 4, 6, 8].map((i) => `line ${i}!?`));
    await scene.world.agent!.stop();
    await scene.world.start(split());
    await scene.untilWritten(5, 'odd');
    expect(scene.written('odd')).toEqual([1, 3, 5, 7, 9].map((i) => `line ${i}!?`));
  });

  test('chunks in between are given back', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => `line ${i}`);
    scene.world.add('a', ...many);
    await scene.world.start(split());
    await scene.untilWritten(2_500, 'even');
    await scene.untilWritten(2_500, 'odd');
  });

  test('an exit that is not declared is an error, and nothing is dropped for it', async () => {
    scene.world.add('a', 'one');
    const agent = await scene.world.start(split(', exit: evne'));
    const transform = agent.pipeline.nodes.find(({ id }) => id === 'split')!;
    await until(() => expect(transform.supervisor.status.reason).toMatch(/LC_PLUGIN_CONTRACT.*"evne".*even, odd/));
    expect([...agent.pipeline.inputs[0]!.sources][0]!.position).toBe(0);
  });

  test('a transform gets nothing before its start is done', async () => {
    scene.world.add('a', ...lines);
    await scene.world.start(`
inputs: { app: { type: memory, streams: [a] } }
transforms: { up: { type: upper, start: 100 } }
outputs: { out: { type: memory } }`);
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(upper);
    expect(scene.world.created.get('up')).toBe(1);
  });

  test('a transform that cannot stop is replaced all the same', async () => {
    scene.world.add('a', ...lines);
    scene.world.throwAt = 'line 42';
    scene.world.stopThrows = true;
    await scene.world.start(`
inputs: { app: { type: memory, streams: [a] } }
transforms: { up: { type: upper } }
outputs: { out: { type: memory } }`);
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(upper);
    scene.world.stopThrows = false;
  });

  test('an output that writes several batches at once keeps their order through a failure', async () => {
    scene.world.failing.add('out');
    scene.world.add('a', ...lines);
    const agent = await scene.world.start(
      simple
        .replace('type: memory }\n', 'type: wide }\n')
        .replace('outputs: { out: { type: memory', 'outputs: { out: { type: wide'),
    );
    await until(() => expect(agent.pipeline.outputs[0]!.supervisor.status.state).toBe('degraded'));
    scene.world.failing.clear();
    await scene.untilWritten(100);
    expect(scene.written()).toEqual(lines);
  });
});

describe('hooks', () => {
  test('observers see discoveries, batches and deliveries; one that throws is blamed and stops nobody', async () => {
    const discoveries: Discovery[] = [];
    const deliveries: Delivered[] = [];
    const batches: string[] = [];
    const engine = scene.world.engine();
    engine.use(
      definePlugin({
        name: 'watcher',
        apply: ({ hooks }) =>
          hooks.pipeline.tap('watcher', (pipeline) => {
            pipeline.hooks.discovered.tap('rude', () => {
              throw new Error('no manners');
            });
            pipeline.hooks.discovered.tap('watcher', (discovery) => void discoveries.push(discovery));
            pipeline.hooks.delivered.tap('watcher', (delivered) => void deliveries.push(delivered));
            pipeline.hooks.linked.tap('watcher', (node) =>
              node.batch.tap('watcher', (batch) => void batches.push(`${node.id} ${batch.count}`)),
            );
          }),
      }),
    );
    scene.world.add('a', 'one', 'two');
    await scene.world.start(simple, { engine });
    await scene.untilWritten(2);
    expect(discoveries).toMatchObject([{ input: 'app', event: 'found', path: 'a' }]);
    expect(batches).toEqual(['app 2', 'out 2']);
    await until(() => expect(deliveries).toMatchObject([{ output: 'out', records: 2 }]));
    expect(scene.world.logged.join()).toContain('\\"rude\\" threw in pipeline.hooks.discovered: no manners');
  });

  test('an async function on a sync hook is an error that names it', async () => {
    const engine = scene.world.engine();
    let seen: unknown;
    engine.hooks.pipeline.tap('test', (pipeline) => {
      try {
        pipeline.hooks.discovered.tap('hasty', (async () => {}) as () => void);
      } catch (error) {
        seen = error;
      }
    });
    await scene.world.start(simple, { engine });
    expect(seen).toMatchObject({ code: 'LC_PLUGIN_ASYNC_TAP', message: expect.stringContaining('hasty') });
  });

  test('the answer of `refused` decides', async () => {
    const engine = scene.world.engine();
    engine.hooks.pipeline.tap('test', (pipeline) => {
      pipeline.hooks.refused.tapPromise('dropper', async () => 'drop');
    });
    scene.world.add('a', 'bad', 'good');
    const agent = await scene.world.start(simple, { once: true, engine });
    expect(await agent.finished(10_000)).toBe(true);
    expect(scene.written()).toEqual(['good']);
  });
});
