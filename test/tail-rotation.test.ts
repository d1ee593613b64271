import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Act, flawless, play, type Scene } from './support/rotation-stage.ts';
import { rounds } from './support/soak.ts';

/** What rotates while logcatch runs. Where lines have to have arrived before the next thing happens, the script waits for it. */
const scenes: readonly Scene[] = [
  live('renamed: the old handle is read on, and the new file at its path', async (logs) => {
    const old = logs.open('app.log', { append: false });
    old.write();
    await logs.arrived();
    logs.rename('app.log', 'app.log.1');
    const fresh = logs.open('app.log');
    old.write();
    fresh.write();
    await logs.arrived();
    old.close();
    fresh.close();
  }),
  live('renamed twice: three handles, all written to after each rename', async (logs) => {
    const writers = [logs.open('app.log')];
    for (let generation = 1; generation <= 3; generation++) {
      for (const writer of writers) writer.write(2);
      await logs.arrived();
      logs.rename('app.log', `app.log.${generation}`);
      writers.push(logs.open('app.log'));
      for (const writer of writers) writer.write(2);
    }
    await logs.arrived();
    for (const writer of writers) writer.close();
  }),
  live('three files renamed at once, old and new written to', async (logs) => {
    const names = ['a.log', 'b.log', 'c.log'];
    const old = names.map((name) => logs.open(name));
    for (const writer of old) writer.write();
    await logs.arrived();
    for (const [i, name] of names.entries()) {
      logs.rename(name, `${name}.1`);
      old[i]!.write();
      logs.write(name);
    }
    await logs.arrived();
    for (const writer of old) writer.close();
  }),
  live('three writers rename every 250 ms out of the pattern, and write on to every old handle', async (logs) => {
    const write = async (name: string) => {
      const writers = [];
      for (let generation = 1; generation <= rounds(8, 100); generation++) {
        writers.push(logs.open(`${name}.log`));
        for (let i = 0; i < 25; i++) {
          for (const writer of writers.slice(-3)) writer.write();
          await setTimeout(10);
        }
        // It is opened within 100 ms; on a busy machine that is not sure, and what was never open cannot be read on.
        await logs.found(writers.at(-1)!);
        logs.rename(`${name}.log`, `${name}.log.${generation}`);
      }
      for (const writer of writers) writer.close();
    };
    await Promise.all(['a', 'b', 'c'].map(write));
  }),
  live('moved to a folder out of the pattern, and written on', async (logs) => {
    logs.write('app.log');
    await logs.arrived();
    logs.rename('app.log', 'old/app.log');
    logs.write('old/app.log');
  }),
  live('renamed within the pattern: nothing comes again, and it is read on', async (logs) => {
    const old = logs.open('app.log');
    old.write(3);
    await logs.arrived();
    logs.rename('app.log', 'app-1.log');
    logs.write('app.log', 3);
    old.write(3);
    await logs.arrived();
    old.close();
  }),
  live('renamed away and back', async (logs) => {
    logs.write('app.log', 2);
    await logs.arrived();
    logs.rename('app.log', 'app.tmp');
    logs.write('app.tmp', 2);
    logs.rename('app.tmp', 'app.log');
    logs.write('app.log', 2);
  }),
  live('swapped with another file', async (logs) => {
    logs.write('a.log', 2);
    logs.write('b.log', 3);
    await logs.arrived();
    logs.rename('a.log', 'c.tmp');
    logs.rename('b.log', 'a.log');
    logs.rename('c.tmp', 'b.log');
    logs.write('a.log', 2);
    logs.write('b.log', 2);
  }),
  live(
    'generations shift by one at each rotation, without a pause, all of them matched',
    (logs) => {
      for (let generation = 0; generation < 6; generation++) {
        for (const name of ['a', 'b', 'c']) {
          logs.write(`${name}.log`, 3);
          for (let number = generation; number > 0; number--)
            logs.rename(`${name}.log.${number}`, `${name}.log.${number + 1}`);
          logs.rename(`${name}.log`, `${name}.log.1`);
        }
      }
    },
    { paths: ['*.log*'] },
  ),
  live('a line cut in two by a rename', async (logs) => {
    const old = logs.open('app.log');
    old.write();
    const finish = old.begin();
    await logs.arrived();
    logs.rename('app.log', 'app.log.1');
    logs.write('app.log', 2);
    await logs.arrived();
    finish();
    await logs.arrived();
    old.close();
  }),
  live('deleted, and written on to the old handle', async (logs) => {
    const old = logs.open('app.log');
    old.write();
    await logs.arrived();
    logs.remove('app.log');
    old.write(2);
    old.close();
  }),
  live('deleted and made again, at once and later, on the same inode or another one', async (logs) => {
    for (const pause of [0, 0, 200, 1_000]) {
      logs.write('app.log', 2);
      await logs.arrived();
      logs.remove('app.log');
      await setTimeout(pause);
    }
    logs.write('app.log', 1);
  }),
  live('truncated, and written from the start', async (logs) => {
    logs.write('app.log', 5);
    await logs.arrived();
    logs.truncate('app.log');
    logs.write('app.log', 2);
  }),
  live('copied and truncated three times: the writer appends', async (logs) => {
    const writer = logs.open('app.log');
    for (let generation = 1; generation <= 3; generation++) {
      writer.write(5);
      await logs.arrived();
      logs.copyTruncate('app.log', `app.log.${generation}`);
    }
    writer.write(2);
    writer.close();
  }),
  live('copied and truncated: the writer keeps its offset, and no zero bytes come', async (logs) => {
    const writer = logs.open('app.log', { append: false });
    writer.write(5);
    await logs.arrived();
    logs.copyTruncate('app.log', 'app.log.1');
    writer.write(2);
    await logs.arrived();
    logs.truncate('app.log');
    await setTimeout(500);
    writer.write(2);
    writer.close();
  }),
  live(
    'copied within the pattern and truncated: the copy is a file of its own, and both are written to',
    async (logs) => {
      logs.write('app.log', 3);
      await logs.arrived();
      logs.copyTruncate('app.log', 'app-1.log');
      logs.expectCopyOf('app.log#1');
      logs.write('app-1.log', 2);
      logs.write('app.log', 2);
    },
  ),
  live('truncated and refilled beyond its old size at once', async (logs) => {
    for (const lines of [5, 10, 40]) {
      logs.write('app.log', lines);
      await logs.arrived();
      logs.truncate('app.log');
    }
    logs.write('app.log', 90);
  }),
  live('a link leads to another file: both targets are written to', async (logs) => {
    const old = logs.open('pods/0.txt');
    logs.link('app.log', 'pods/0.txt');
    old.write();
    await logs.arrived();
    const fresh = logs.open('pods/1.txt');
    logs.link('app.log', 'pods/1.txt');
    old.write();
    fresh.write();
    await logs.arrived();
    old.close();
    fresh.close();
  }),
  live('what a link leads to is rotated: the link stays', async (logs) => {
    logs.write('pods/0.txt', 2);
    logs.link('app.log', 'pods/0.txt');
    await logs.arrived();
    logs.rename('pods/0.txt', 'pods/0.txt.1');
    logs.write('pods/0.txt.1');
    logs.write('pods/0.txt', 3);
  }),
  live('a folder is swapped behind a link, as Kubernetes does', async (logs) => {
    logs.write('v1/app.txt', 2);
    logs.link('..data', 'v1');
    logs.link('app.log', '..data/app.txt');
    await logs.arrived();
    logs.write('v2/app.txt', 2);
    logs.link('..data', 'v2');
    logs.write('v1/app.txt', 1);
    logs.write('v2/app.txt', 2);
  }),
  live('files that begin alike are different files', async (logs) => {
    const banner = `${'#'.repeat(1_500)}\n`;
    for (const name of ['a.log', 'b.log']) {
      writeFileSync(logs.path(name), banner);
      logs.expect(banner.trim());
    }
    for (const name of ['a.log', 'b.log', 'a.log']) logs.write(name, 2);
  }),
  live(
    'what is excluded is not read, also when it was renamed',
    async (logs) => {
      appendFileSync(logs.path('app.skip'), 'not this one\n');
      mkdirSync(logs.path('cache'));
      appendFileSync(logs.path('cache/x'), 'nor this one\n');
      logs.write('app', 2);
      await logs.arrived();
      logs.rename('app.skip', 'other.skip');
      logs.write('app');
    },
    { paths: ['**/*'], options: { exclude: ['*.skip', 'cache'] } },
  ),
  live(
    'folders that appear later, with files in them, and go',
    async (logs) => {
      logs.write('one/two/app.log', 2);
      await logs.arrived();
      logs.rename('one', 'other');
      logs.write('other/two/app.log', 2);
      logs.write('one/two/app.log', 2);
    },
    { paths: ['**/*.log'] },
  ),
  {
    name: 'from: end skips what is there at the first start, and nothing else',
    options: { from: 'end' },
    acts: [
      (logs) => writeFileSync(logs.path('app.log'), 'old line\n'),
      async (logs) => {
        logs.write('app.log', 2);
        logs.write('new.log', 2);
        await logs.arrived();
        logs.rename('app.log', 'app.log.1');
        logs.write('app.log', 2);
      },
    ],
  },
  live(
    'closed as it did not grow, then renamed, written to, truncated, deleted, made again',
    async (logs) => {
      const closed = () => setTimeout(900);
      logs.write('app.log', 2);
      await logs.arrived();
      await closed();
      logs.rename('app.log', 'app.log.1');
      logs.write('app.log.1', 2);
      logs.write('app.log', 2);
      await logs.arrived();
      await closed();
      logs.truncate('app.log');
      logs.write('app.log', 1);
      await logs.arrived();
      await closed();
      logs.remove('app.log');
      logs.write('app.log', 2);
    },
    { options: { close_inactive: '300ms' } },
  ),
];

function live(name: string, act: Act, scene: Partial<Scene> = {}): Scene {
  return { name, ...scene, acts: [() => {}, act] };
}

it('rotations while it runs, watched and polled: each line once, in order', async () => {
  const played = (['auto', 'poll'] as const).flatMap((watch) =>
    scenes.map(({ name, options, ...scene }) => ({
      ...scene,
      name: `${name} (${watch})`,
      options: { ...options, watch },
    })),
  );
  // Longer than deleted files are kept open, and than it takes until everything was looked at again.
  expect(await play(played, { quiet: 12_000 })).toEqual(flawless(played));
});
