import { appendFile, chmod, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { watch } from 'chokidar';
import { describe, expect, test } from 'vitest';
import { HandClock } from './fixtures/hand-clock.ts';
import { at, folder, Life, logs, quick, until } from './fixtures/life.ts';
import { MemoryDisk } from './fixtures/memory-disk.ts';
import { disk } from './machine/disk.ts';

async function noDescriptor(): Promise<never> {
  throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
}

describe('following', () => {
  test('ships what is there and what is appended, whole lines only', async () => {
    await writeFile(at('a.log'), 'one\r\ntwo\nthr');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    await appendFile(at('a.log'), 'ee\nfour\n');
    await until(() => life.lines.length === 4);
    expect(life.lines).toEqual(['one', 'two', 'three', 'four']);
    let position = 0;
    for (const { start, end } of life.batches) {
      expect(start).toBe(position);
      position = end;
    }
    expect(position).toBe(20);
  });

  test('finds files and folders that appear later, and reads them from their beginning', async () => {
    const life = (await new Life({ paths: ['logs/**/*.log', 'other/x.log'], from: 'end' }).start()).pump();
    expect(life.logged('waiting for')).toBe(true);
    await mkdir(at('logs/deep/er'), { recursive: true });
    await writeFile(at('logs/deep/er/a.log'), 'a\n');
    await until(() => life.lines.includes('a'));
    await mkdir(at('other'));
    await writeFile(at('other/x.log'), 'x\n');
    await until(() => life.lines.includes('x'));
  });

  test('opens a new file without waiting for a rescan, in a watched folder and in one that is too busy to be watched', async () => {
    await writeFile(at('busy.log'), '');
    const life = (await new Life(logs, { tuning: { rescan: 60_000 } }).start()).pump();
    await delay(300);
    const opened = async (name: string) => {
      await writeFile(at(name), '');
      await until(() => life.events().includes(`found ${name}`));
    };
    await opened('first.log');
    for (let i = 0; i < 150; i++) {
      await appendFile(at('busy.log'), 'x\n');
      await appendFile(at('first.log'), 'x\n');
      await delay(5);
    }
    await opened('second.log');
    await until(() => life.lines.length === 300);
  });

  test('many inputs of one folder: each gets its own file, a new and a rotated one without waiting for a rescan', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `${i}.log`);
    for (const name of names.slice(1)) await writeFile(at(name), `${name}\n`);
    const inputs = await Promise.all(
      names.map(async (name) => (await new Life({ paths: [name] }, { tuning: { rescan: 60_000 } }).start()).pump()),
    );
    await delay(300);
    const shipped = (life: Life, line: string) => until(() => life.lines.includes(line));
    for (const round of ['watched', 'busy']) {
      await rm(at('0.log'), { force: true });
      await delay(100);
      await writeFile(at('0.log'), `new ${round}\n`);
      await shipped(inputs[0]!, `new ${round}`);
      await rename(at('1.log'), at('1.old'));
      await writeFile(at('1.log'), `rotated ${round}\n`);
      await shipped(inputs[1]!, `rotated ${round}`);
      for (let i = 0; i < 50; i++) for (const name of names.slice(2, 5)) await appendFile(at(name), 'x\n');
      await delay(100);
    }
    for (const [i, { lines }] of inputs.entries()) {
      expect(lines).toHaveLength(i === 0 ? 2 : i === 1 ? 3 : i < 5 ? 101 : 1);
    }
  });

  test('from: end skips what is there at the first start, and nothing else', async () => {
    await writeFile(at('a.log'), 'old\nol');
    const life = (await new Life({ ...logs, from: 'end' }).start()).pump();
    await writeFile(at('b.log'), 'b\n');
    await appendFile(at('a.log'), 'd\nnew\n');
    await until(() => life.lines.length === 3);
    expect(life.lines.toSorted()).toEqual(['b', 'd', 'new']);
    const next = (await life.restart({ ...logs, from: 'end' })).pump();
    await writeFile(at('c.log'), 'c\n');
    await until(() => next.lines.length === 1);
    expect(next.lines).toEqual(['c']);
  });

  test('takes turns between files, and never more records than a batch may hold', async () => {
    await writeFile(at('a.log'), 'a\n'.repeat(10));
    await writeFile(at('b.log'), 'b\n'.repeat(10));
    const life = (await new Life(logs, { maxRecords: 4 }).start()).pump();
    await until(() => life.lines.length === 20);
    expect(life.batches.map(({ count }) => count)).toEqual([4, 4, 4, 4, 2, 2]);
    expect(life.lines.slice(0, 8).join('')).toBe('aaaabbbb');
  });

  test('reads a line longer than a chunk, and splits one that is too long', async () => {
    const long = 'x'.repeat(900_000);
    await writeFile(at('a.log'), `${long}\nshort\n${long}${long}\nend\n`);
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.at(-1) === 'end');
    expect(life.lines.map((line) => line.length)).toEqual([900_000, 5, 1_000_000, 800_000, 3]);
    expect(life.logged('longer than max_line_bytes')).toBe(true);
  });

  test('from: end counts for a file that cannot be opened at the first start, too', async () => {
    let refuses = true;
    const opened: string[] = [];
    const refusing = {
      ...disk,
      open: async (path: string) => {
        opened.push(path);
        return refuses ? noDescriptor() : disk.open(path);
      },
    };
    for (const name of ['grown.log', 'truncated.log']) await writeFile(at(name), 'old\n');
    const life = (await new Life({ ...logs, from: 'end' }, { disk: refusing }).start()).pump();
    await appendFile(at('grown.log'), 'new\n');
    await truncate(at('truncated.log'));
    const { length } = opened;
    await until(() => opened.slice(length).filter((path) => path === at('truncated.log')).length > 1);
    await appendFile(at('truncated.log'), 'first\nsecond\n');
    refuses = false;
    await until(() => life.lines.length === 3);
    expect(life.lines.toSorted()).toEqual(['first', 'new', 'second']);
  });

  test('leaves out what is excluded, hidden, a folder, or not a file', async () => {
    await mkdir(at('folder.log'));
    await Promise.all(['a.log', 'a.tmp.log', '.hidden.log'].map((name) => writeFile(at(name), `${name}\n`)));
    const life = (await new Life({ ...logs, exclude: ['*.tmp.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.events()).toEqual(['found a.log']);
    expect(life.ctx.degradedBy).toBe(null);
  });

  test('reads a file once, however many paths lead to it', async () => {
    await writeFile(at('a.log'), 'one\n');
    await symlink(at('a.log'), at('link.log'));
    const life = (await new Life(logs).start()).pump();
    await appendFile(at('a.log'), 'two\n');
    await until(() => life.lines.length === 2);
    expect(life.events()).toEqual(['found a.log']);
  });

  test('does not read its own data_dir', async () => {
    await mkdir(at('.logcatch'));
    await writeFile(at('.logcatch/own.log'), 'own\n');
    await writeFile(at('a.log'), 'a\n');
    const life = (await new Life({ paths: ['.logcatch/*.log', '*.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.events()).toEqual(['found a.log']);
    expect(life.logged('LC_INPUT_OWN_FILES')).toBe(true);
  });

  test('says what it cannot read, reads the others, and tries again', async () => {
    await mkdir(at('named'));
    await writeFile(at('a.log'), 'a\n');
    const life = (await new Life({ paths: ['named', '*.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.ctx.degradedBy).toContain('LC_INPUT_NOT_A_FILE');
    await rm(at('named'), { recursive: true });
    await writeFile(at('named'), 'n\n');
    await until(() => life.lines.length === 2);
    await until(() => life.ctx.degradedBy === null);
  });

  test('says what to do about a shortage of descriptors', async () => {
    await writeFile(at('a.log'), 'a\n');
    const life = new Life(logs, { disk: { ...disk, open: noDescriptor } });
    let said = '';
    life.ctx.degraded = (reason: string | null, hint?: string) => {
      said = `${reason}. ${hint}`;
    };
    (await life.start()).pump();
    await until(() => said.includes('a.log cannot be read: EMFILE. Raise how many files this process may open'));
  });

  test.skipIf(process.getuid?.() === 0)('reads a file when it becomes readable', async () => {
    await writeFile(at('a.log'), 'a\n', { mode: 0 });
    const life = (await new Life(logs).start()).pump();
    await until(() => life.ctx.degradedBy?.includes('LC_INPUT_UNREADABLE'));
    await chmod(at('a.log'), 0o600);
    await until(() => life.lines.length === 1 && life.ctx.degradedBy === null);
  });

  test('finds new files of which the system told nothing, and says so once', async () => {
    const clock = new HandClock();
    const disk = new MemoryDisk(clock, { births: true, latency: 0, loses: 1 }, [folder]);
    const life = new Life(logs, { clock, disk, startWatch: disk.startWatch, tuning: {} });
    const started = life.start();
    await clock.pass(1_000);
    (await started).pump();
    for (const name of ['a', 'b', 'c']) {
      disk.append(disk.create(at(`${name}.log`)), `${name}\n`);
      if (name === 'b') await clock.pass(12_000);
    }
    await clock.pass(12_000);
    expect(life.lines).toEqual(['a', 'b', 'c']);
    const warnings = life.ctx.log.lines.filter(({ message }) => message.includes('events of the system were lost'));
    expect(warnings).toMatchObject([{ level: 'warn', message: expect.stringMatching(/^2 new files .*a\.log/) }]);
  });

  test('goes on without inotify, and says so once', async () => {
    const startWatch: typeof watch = (...args) => {
      const watcher = watch(...args);
      const error = Object.assign(new Error('System limit for number of file watchers reached'), { code: 'ENOSPC' });
      queueMicrotask(() => watcher.emit('error', error));
      return watcher;
    };
    const life = (await new Life(logs, { tuning: { ...quick, rescan: 60_000 }, startWatch }).start()).pump();
    await writeFile(at('a.log'), 'a\n');
    await until(() => life.lines.length === 1);
    expect(life.ctx.degradedBy).toContain('polled instead');
  });
});
