import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { at, folder, Life, logs, openIn, until } from './fixtures/life.ts';

const old = new Date('2020-01-01');

describe('which files are read, and when', () => {
  test('ignore_older leaves old files alone until they are written to', async () => {
    await writeFile(at('old.log'), 'old\n');
    await utimes(at('old.log'), old, old);
    await writeFile(at('new.log'), 'new\n');
    const life = (await new Life({ ...logs, ignore_older: '1h' }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.lines).toEqual(['new']);
    const { read, reasons } = (await life.input.explain(at('old.log')))!;
    expect([read, reasons.join(' ')]).toEqual([false, expect.stringContaining('longer than ignore_older')]);
    await appendFile(at('old.log'), 'more\n');
    await until(() => life.lines.length === 3);
    expect(life.lines).toEqual(['new', 'old', 'more']);
  });

  test('an old file that was read before is not ignored after a restart', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 1);
    await life.stop();
    await appendFile(at('a.log'), 'two\n');
    await utimes(at('a.log'), old, old);
    const next = (await life.restart({ ...logs, ignore_older: '1h' })).pump();
    await until(() => next.lines.length === 1);
    expect(next.lines).toEqual(['two']);
  });

  test('oldest_first reads each file to its end, the oldest first', async () => {
    for (const [i, name] of ['c.log', 'a.log', 'b.log'].entries()) {
      await writeFile(at(name), `${name}\n`.repeat(3));
      await utimes(at(name), old, new Date(old.getTime() + i * 1_000));
    }
    const life = (await new Life({ ...logs, oldest_first: true }, { maxRecords: 2 }).start()).pump();
    await until(() => life.lines.length === 9);
    expect(life.lines.filter((line, i) => line !== life.lines[i - 1])).toEqual(['c.log', 'a.log', 'b.log']);
  });

  test('max_bytes_per_second holds back a backlog, not a live line', async () => {
    await writeFile(at('backlog.log'), `${'x'.repeat(99)}\n`.repeat(20_000));
    const life = (await new Life({ ...logs, max_bytes_per_second: '500KB' }).start()).pump();
    const began = performance.now();
    await until(() => life.lines.length > 0);
    await writeFile(at('live.log'), 'live\n');
    await until(() => life.lines.includes('live'));
    expect(life.lines.length).toBeLessThan(20_000);
    await until(() => life.lines.length === 20_001);
    expect(performance.now() - began).toBeGreaterThan(1_500);
  });

  test('parts of a path become attributes', async () => {
    await mkdir(at('web'));
    await writeFile(at('web/a.log'), 'a\n');
    const life = (await new Life({ paths: ['{service}/*.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.sources[0]!.attributes).toMatchObject({ service: 'web', name: 'a.log' });
  });

  test('without hints everything is found by polling', async () => {
    const startWatch = () => {
      throw new Error('not asked for');
    };
    const life = (await new Life({ ...logs, watch: 'poll' }, { startWatch }).start()).pump();
    await writeFile(at('a.log'), 'a\n');
    await until(() => life.lines.length === 1);
    await rename(at('a.log'), at('a.1'));
    await writeFile(at('a.log'), 'b\n');
    await until(() => life.lines.length === 2);
  });

  test.skipIf(process.getuid?.() === 0)('a folder that loses and regains permission loses no line', async () => {
    await mkdir(at('sub'));
    await writeFile(at('sub/a.log'), 'one\n');
    const life = (await new Life({ paths: ['sub/*.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    await chmod(at('sub'), 0);
    await until(() => life.ctx.degradedBy !== null);
    await chmod(at('sub'), 0o700);
    await writeFile(at('sub/b.log'), 'three\n');
    await appendFile(at('sub/a.log'), 'two\n');
    await until(() => life.lines.length === 3 && life.ctx.degradedBy === null);
  });
});

describe('files that are closed', () => {
  const inactive = { ...logs, close_inactive: 50 };

  test('for inactivity: opened again when they grow', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = (await new Life(inactive).start()).pump();
    await until(() => life.lines.length === 1 && openIn(folder).length === 0);
    expect((await life.input.explain(at('a.log')))!.reasons.join()).toContain('closed until it grows');
    await appendFile(at('a.log'), 'two\n');
    await until(() => life.lines.length === 2);
    expect(life.events()).toEqual(['found a.log']);
  });

  test('and renamed: found by their inode, read on, and ended when their time is over', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = (await new Life(inactive).start()).pump();
    await until(() => life.lines.length === 1 && openIn(folder).length === 0);
    await rename(at('a.log'), at('a.1'));
    await appendFile(at('a.1'), 'two\n');
    await until(() => life.lines.length === 2 && life.events().includes('gone a.log'));
  });

  test('and deleted: what was seen and cannot be read any more is said', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = (await new Life(inactive).start()).pump();
    await until(() => life.lines.length === 1 && openIn(folder).length === 0);
    life.input.pause(life.sources[0]!);
    await appendFile(at('a.log'), 'two\n');
    await until(() => life.ctx.sources.events.length > 0 && life.explained('8 bytes'));
    await rm(at('a.log'));
    await until(() => life.logged('gone before its last 4 bytes were read'));
  });

  test('because there are too many: all are read all the same', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `${i}.log`);
    for (const name of names) await writeFile(at(name), 'one\n');
    const life = (await new Life({ ...logs, max_open_files: 3 }).start()).pump();
    for (let round = 0; round < 3; round++) {
      for (const name of names) await appendFile(at(name), `${round}\n`);
      await delay(20);
      expect(openIn(folder).length).toBeLessThanOrEqual(8);
    }
    await until(() => life.lines.length === 80);
  });
});

describe('an input without a file says why', () => {
  const idle = async (options: Record<string, unknown>) => (await new Life(options).start()).input.idle();

  test.each<[string, Record<string, unknown>, string | undefined]>([
    ['some match', { paths: ['a.log'] }, undefined],
    ['nothing matches', { paths: ['*.txt'] }, 'no file matches "*.txt"'],
    ['no folder', { paths: ['none/*.log'] }, 'no file matches "none/*.log"; there is no folder FOLDER/none'],
    [
      'all excluded',
      { paths: ['*.log'], exclude: ['a.*'] },
      'no file matches "*.log"; 1 path that would match is excluded',
    ],
    ['all too old', { ...logs, ignore_older: '1s' }, 'of 1 file found 1 were not changed for longer than ignore_older'],
  ])('%s', async (_, options, reason) => {
    await writeFile(at('a.log'), 'one\n');
    await utimes(at('a.log'), 1, 1);
    expect(await idle(options)).toBe(reason?.replace('FOLDER', folder));
  });

  test('until there is one', async () => {
    const life = (await new Life(logs).start()).pump();
    expect(life.input.idle()).toBe('no file matches "*.log"');
    await writeFile(at('a.log'), 'one\n');
    await until(() => life.input.idle() === undefined);
  });
});

describe('explain', () => {
  test('says what is read, and why not', async () => {
    await writeFile(at('a.log'), 'one\npart');
    await writeFile(at('no.tmp.log'), 'x\n');
    await mkdir(at('folder.log'));
    await symlink(at('a.log'), at('link.log'));
    const life = (await new Life({ paths: ['*.log', 'folder.log'], exclude: ['*.tmp.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    const said = async (name: string) => (await life.input.explain(at(name)))?.reasons.join(' ');
    expect(await life.input.explain(at('a.log'))).toEqual({
      read: true,
      reasons: ['The pattern "*.log" matches it.', 'It is read: 4 of 8 bytes; 4 bytes without a line end yet.'],
      sources: [life.sources[0]!.key],
    });
    expect(await said('no.tmp.log')).toContain('It is not read: it is excluded.');
    expect(await said('link.log')).toContain(`the same file as ${at('a.log')}`);
    expect(await said('folder.log')).toContain('LC_INPUT_NOT_A_FILE');
    expect(await said('later.log')).toContain('no such file');
    expect(await said('other.txt')).toBeUndefined();
    await rename(at('a.log'), at('a.1'));
    await until(() => life.explained('renamed away'));
    expect(await said('a.log')).toContain(`What was here`);
    expect(await said('a.1')).toContain(`the same file as ${at('a.log')}, which was renamed. It is read: 4 of 8 bytes`);
  });

  test('a file that is named and lies in a folder that is left out is not read, and said', async () => {
    await mkdir(at('logs/old'), { recursive: true });
    for (const name of ['logs/a.log', 'logs/old/a.log']) await writeFile(at(name), `${name}\n`);
    const paths = ['logs/*.log', 'logs/old/a.log'];
    const life = (await new Life({ paths, exclude: ['old'] }).start()).pump();
    await until(() => life.lines.length === 1);
    await appendFile(at('logs/old/a.log'), 'more\n');
    await appendFile(at('logs/a.log'), 'more\n');
    await until(() => life.lines.length === 2);
    expect(life.lines).toEqual(['logs/a.log', 'more']);
    expect(life.logged(`leaves out ${at('logs/old')}, so that nothing can match "logs/old/a.log"`)).toBe(true);
    expect(life.logged('"logs/*.log"')).toBe(false);
  });

  test('says which folder on the way is not gone into', async () => {
    await mkdir(at('logs/old'), { recursive: true });
    await mkdir(at('elsewhere'));
    await symlink(at('elsewhere'), at('logs/link'));
    for (const name of ['logs/a.log', 'logs/old/a.log', 'elsewhere/a.log']) await writeFile(at(name), 'a\n');
    const life = (await new Life({ paths: ['logs/**/*.log'], exclude: ['old'] }).start()).pump();
    await until(() => life.lines.length === 1);
    const said = async (name: string) => (await life.input.explain(at(name)))?.reasons.at(-1);
    expect(await said('logs/old/a.log')).toBe(`It is not read: ${at('logs/old')} is excluded.`);
    expect(await said('logs/link/a.log')).toContain(`${at('logs/link')} is a link`);
  });

  test('says no more of a path what was wrong with it once it is gone', async () => {
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(at('a.log'), resolve));
    const life = (await new Life(logs).start()).pump();
    let said = '';
    const says = (text: string) => () => {
      void life.input.explain(at('a.log')).then((explanation) => {
        said = explanation!.reasons.join();
      });
      return said.includes(text);
    };
    await until(says('LC_INPUT_NOT_A_FILE'));
    await new Promise((resolve) => socket.close(resolve));
    await until(() => !existsSync(at('a.log')));
    await until(says('no such file'));
  });

  test('tells the file that is read from one that was at its path and is only stored', async () => {
    await writeFile(at('a.log'), 'a\n');
    const before = new Life(logs);
    before.ctx.sources.open([{ path: at('a.log'), meta: { dev: 'another device', ino: '1' } }]);
    const life = (await before.restart(logs)).pump();
    await until(() => life.lines.length === 1);
    expect((await life.input.explain(at('a.log')))!.reasons.slice(1)).toEqual([
      'It is read: 2 of 2 bytes.',
      'The position of another file that was here is stored, and it is not read.',
    ]);
  });
});
