import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PipelineProcess, pipelineFile, temporaryFolder } from './support/agent.ts';
import { exact, Logs, type Writer } from './support/rotation.ts';
import { type Act, flawless, play, type Scene } from './support/rotation-stage.ts';
import { rounds } from './support/soak.ts';

const nothing: Act = () => {};

/** What happens between two runs. The acts are played by turns: while it is stopped, while it runs, while it is stopped ... */
const scenes: readonly Scene[] = [
  {
    name: 'goes on where it was',
    acts: [write(3), nothing, write(2), write(2), nothing, write(1)],
  },
  {
    name: 'renamed out of the pattern, with lines that nobody has seen, and made anew',
    acts: [
      write(3),
      nothing,
      (logs) => {
        logs.write('app.log', 2);
        logs.rename('app.log', 'app.log.1');
        logs.write('app.log', 2);
      },
      (logs) => logs.write('app.log.1'),
    ],
  },
  stopped('renamed within the pattern, and made anew', (logs) => {
    logs.rename('app.log', 'app-1.log');
    logs.write('app-1.log', 2);
    logs.write('app.log', 2);
  }),
  stopped(
    'rotated five times, all names matched',
    (logs) => {
      for (let generation = 1; generation <= 5; generation++) {
        for (let number = generation - 1; number > 0; number--)
          logs.rename(`app.log.${number}`, `app.log.${number + 1}`);
        logs.rename('app.log', 'app.log.1');
        logs.write('app.log', 2);
      }
    },
    { paths: ['*.log*'] },
  ),
  stopped('rotated twice, and only the first generation was known', (logs) => {
    logs.write('app.log', 2);
    logs.rename('app.log', 'app.log.1');
    logs.rename('app.log.1', 'app.log.2');
    logs.write('app.log', 2);
  }),
  {
    name: 'a writer keeps the old handle through a rename and two restarts',
    acts: [
      (logs) => keep(logs).write(2),
      (logs) => {
        logs.rename('app.log', 'app.log.1');
        kept(logs).write(2);
        logs.write('app.log', 2);
      },
      (logs) => kept(logs).write(2),
      (logs) => kept(logs).write(2),
      (logs) => kept(logs).write(2),
      (logs) => {
        kept(logs).write(2);
        kept(logs).close();
      },
    ],
  },
  {
    name: 'truncated, with fewer lines than before',
    acts: [
      write(10),
      nothing,
      (logs) => {
        logs.truncate('app.log');
        logs.write('app.log', 5);
      },
      write(1),
    ],
  },
  {
    name: 'truncated while it runs, and written to while it does not',
    acts: [write(200), (logs) => whenArrived(logs, () => logs.truncate('app.log')), write(10), write(1)],
  },
  stopped('copied and truncated', (logs) => {
    logs.copyTruncate('app.log', 'app.log.1');
    logs.write('app.log', 1);
  }),
  stopped('truncated and refilled beyond its old size', (logs) => {
    logs.truncate('app.log');
    logs.write('app.log', 30);
  }),
  stopped('deleted and made again, larger', (logs) => {
    logs.remove('app.log');
    logs.write('app.log', 30);
  }),
  {
    name: 'deleted, and made again in the run after next',
    acts: [write(3), nothing, (logs) => logs.remove('app.log'), nothing, write(2), write(1)],
  },
  {
    name: 'a file takes the place of another one, which is gone',
    acts: [
      (logs) => {
        logs.write('a.log', 4);
        logs.write('b.log', 6);
      },
      nothing,
      (logs) => {
        logs.write('b.log', 2);
        logs.rename('b.log', 'a.log');
      },
      (logs) => logs.write('a.log', 1),
    ],
  },
  {
    name: 'a line cut in two by a stop',
    acts: [cutLine, nothing, (logs) => rest.get(logs)!(), write(1)],
  },
  {
    name: 'a line cut in two by a stop and a rename',
    acts: [
      cutLine,
      nothing,
      (logs) => {
        logs.rename('app.log', 'app.log.1');
        rest.get(logs)!();
        logs.write('app.log', 2);
      },
      write(1),
    ],
  },
  {
    name: 'a short file grows beyond what is remembered of its beginning',
    acts: [write(1), nothing, write(1), write(8), write(30), write(30)],
  },
  {
    name: 'a link leads to another file in its folder',
    acts: [
      (logs) => {
        logs.write('pod-0.txt', 2);
        logs.link('app.log', 'pod-0.txt');
      },
      nothing,
      (logs) => {
        logs.write('pod-0.txt', 2);
        logs.write('pod-1.txt', 2);
        logs.link('app.log', 'pod-1.txt');
      },
      (logs) => logs.write('pod-1.txt', 2),
    ],
  },
  {
    name: 'from: end is for the first start: what came while it was stopped is read, new files too',
    options: { from: 'end' },
    acts: [
      (logs) => writeFileSync(logs.path('app.log'), 'old line\n'),
      nothing,
      (logs) => {
        logs.write('app.log', 2);
        logs.rename('app.log', 'app.log.1');
        logs.write('app.log', 2);
        logs.write('new.log', 2);
      },
      write(1),
    ],
  },
];

/** Leaves a line without its rest. */
function cutLine(logs: Logs): void {
  const writer = keep(logs);
  writer.write();
  rest.set(logs, writer.begin());
}

const rest = new WeakMap<Logs, () => void>();
const writers = new WeakMap<Logs, Writer>();

function keep(logs: Logs): Writer {
  const writer = logs.open('app.log');
  writers.set(logs, writer);
  return writer;
}

function kept(logs: Logs): Writer {
  return writers.get(logs)!;
}

/** Something happens to a file of three lines while it is stopped, and the file grows in the next run. */
function stopped(name: string, act: Act, scene: Partial<Scene> = {}): Scene {
  return { name, ...scene, acts: [write(3), nothing, act, write(1)] };
}

function write(count: number): Act {
  return (logs) => logs.write('app.log', count);
}

async function whenArrived(logs: Logs, act: () => void): Promise<void> {
  await logs.arrived();
  act();
}

describe('rotations while it is stopped', () => {
  it('after SIGTERM: each line once, in order', async () => {
    expect(await play(scenes)).toEqual(flawless(scenes));
  });

  it('after kill -9: each line, in order, and the ledger balances', async () => {
    const repeated = expect.any(Array);
    const expected = [...flawless(scenes)].map(
      ([name, outcome]) => [name, { ...(outcome as object), repeated }] as const,
    );
    expect(await play(scenes, { between: 'SIGKILL' })).toEqual(new Map(expected));
  });
});

it('stopped in the middle of a backlog, again and again: each line once, in order', { timeout: 600_000 }, async () => {
  const folder = temporaryFolder();
  const lines: string[] = [];
  const logs = new Logs(folder, () => lines);
  const names = ['a.log', 'b.log', 'c.log'];
  const each = rounds(60_000, 2_000_000);
  for (const name of names) logs.write(name, each);
  const file = pipelineFile(
    folder,
    `
inputs: { app: { type: file-tail, paths: ./*.log, max_bytes_per_second: ${rounds(500, 20_000)}KB } }
outputs: { screen: { type: console } }`,
  );
  let runs = 0;
  for (; lines.length < each * names.length; runs++) {
    const agent = new PipelineProcess(['run', file]);
    await agent.printed(/^./, 'stdout');
    await setTimeout(Math.random() * 30);
    await agent.stop();
    for (const line of agent.stdout.split('\n').slice(0, -1)) lines.push(line);
  }
  expect(runs).toBeGreaterThan(1);
  expect(logs.verdict()).toEqual(exact);
});
