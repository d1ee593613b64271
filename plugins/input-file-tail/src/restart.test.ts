import { appendFile, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { at, folder, grace, Life, logs, openIn, until } from './fixtures/life.ts';

describe('a restart', () => {
  test('goes on where everything has settled', async () => {
    await writeFile(at('a.log'), 'one\ntwo\n');
    const life = await new Life(logs, { maxRecords: 1 }).start();
    life.take((await life.read())!);
    const next = (await life.restart(logs)).pump();
    await appendFile(at('a.log'), 'three\n');
    await until(() => next.lines.length === 2);
    expect(next.lines).toEqual(['two', 'three']);
  });

  test('tells renamed, truncated, replaced and new files apart', async () => {
    for (const name of ['renamed', 'truncated', 'replaced']) await writeFile(at(`${name}.log`), `${name} before\n`);
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 3);
    await life.stop();
    await rename(at('renamed.log'), at('renamed-1.log'));
    await appendFile(at('renamed-1.log'), 'renamed after\n');
    await writeFile(at('renamed.log'), 'new\n');
    await truncate(at('truncated.log'));
    await appendFile(at('truncated.log'), 'truncated after\n');
    await writeFile(at('other'), 'replaced after\n');
    await rename(at('other'), at('replaced.log'));
    const next = (await life.restart(logs)).pump();
    await until(() => next.lines.length === 4);
    expect(next.lines.toSorted()).toEqual(['new', 'renamed after', 'replaced after', 'truncated after']);
    expect(next.events()).toContain('truncated truncated.log');
    expect(next.events()).toContain('replaced replaced.log');
  });

  test.each(['beginning', 'end'])(
    'reads from its beginning what was refilled with the same first KiB (from: %s)',
    async (from) => {
      const banner = `${'#'.repeat(2_000)}\n`;
      const old = `${banner}old 1\nold 2\n`;
      await writeFile(at('a.log'), old);
      const life = (await new Life({ ...logs, from }).start()).pump();
      if (from === 'beginning') await until(() => life.lines.length === 3);
      // Two restarts: what is known of the end is kept by one that reads nothing.
      const idle = await life.restart({ ...logs, from });
      await idle.stop();
      await truncate(at('a.log'));
      await appendFile(at('a.log'), `${banner}new 1\nnew 2\nnew 3\n`);
      const next = (await idle.restart({ ...logs, from })).pump();
      await until(() => next.lines.length === 4);
      expect(next.lines.slice(1)).toEqual(['new 1', 'new 2', 'new 3']);
    },
  );

  test('a renamed file keeps the attributes of the path that its records show', async () => {
    const captures = { paths: ['logs/{service}.log'] };
    await mkdir(at('logs'));
    await writeFile(at('logs/web.log'), 'one\n');
    const life = (await new Life(captures).start()).pump();
    await until(() => life.lines.length === 1);
    await life.stop();
    await rename(at('logs/web.log'), at('logs/web.log.1'));
    await appendFile(at('logs/web.log.1'), 'two\n');
    const next = (await life.restart(captures)).pump();
    await until(() => next.lines.length === 1);
    expect(next.batches[0]!.source.attributes.service).toBe('web');
  });

  test('reads to its end a file that was renamed away, and forgets one that was deleted', async () => {
    await writeFile(at('app.log'), 'one\n');
    await writeFile(at('gone.log'), 'gone\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    await life.stop();
    await appendFile(at('app.log'), 'two\nunfinished');
    await rename(at('app.log'), at('app.1'));
    await writeFile(at('app.log'), 'three\n');
    await rm(at('gone.log'));
    const next = (await life.restart(logs)).pump();
    await until(() => next.lines.length === 3 && next.events().includes('gone app.log'));
    expect(next.lines.toSorted()).toEqual(['three', 'two', 'unfinished']);
    expect(next.events()).toContain('gone gone.log');
  });

  test('more files were renamed away than may be open: all are read to their end, also when they are renamed again before', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `${i}`);
    for (const name of names) await writeFile(at(`${name}.log`), `${name}\n`);
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 20);
    await life.stop();
    for (const name of names) {
      await appendFile(at(`${name}.log`), `${name} late\n`);
      await rename(at(`${name}.log`), at(`${name}.1`));
    }
    const next = await life.restart(logs, { mostHandles: 3 });
    // One that is closed to make room is so a moment later.
    await until(() => openIn(folder).length <= 3);
    // Longer than one that cannot be found is looked for.
    await delay(grace.removed * 2);
    for (const name of names) await rename(at(`${name}.1`), at(`${name}.2`));
    await until(() => next.logged('renamed to'));
    expect(next.events()).toContain('renamed 0.2');
    next.pump();
    await until(() => next.lines.length === 20 && next.ctx.sources.known().length === 0);
    expect(next.lines.toSorted()).toEqual(names.map((name) => `${name} late`).toSorted());
    await until(() => openIn(folder).length === 0);
  });

  test('tells where a file is that was overwritten and renamed away', async () => {
    await writeFile(at('a.log'), 'one\n');
    // Right after a file was made, its birth time cannot be told from its change time.
    await delay(50);
    await appendFile(at('a.log'), 'two\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    await life.stop();
    await truncate(at('a.log'));
    await appendFile(at('a.log'), 'other\n');
    await rename(at('a.log'), at('a.1'));
    const next = (await life.restart(logs)).pump();
    await until(() => next.lines.length === 1);
    expect(next.events().slice(-4)).toEqual(['resumed a.log', 'found a.log', 'truncated a.log', 'renamed a.1']);
  });

  test('does not read a file that was renamed away and lies outside of roots by now', async () => {
    await mkdir(at('logs'));
    await mkdir(at('secret'));
    for (const name of ['logs/a.log', 'secret/b.log']) await writeFile(at(name), 'before\n');
    const paths = ['*/*.log'];
    const life = (await new Life({ paths }).start()).pump();
    await until(() => life.lines.length === 2);
    await life.stop();
    for (const name of ['logs/a', 'secret/b']) {
      await appendFile(at(`${name}.log`), `${name}\n`);
      await rename(at(`${name}.log`), at(`${name}.1`));
    }
    const next = (await life.restart({ paths, roots: ['logs'] })).pump();
    await until(() => next.events().includes('gone logs/a.log'));
    expect(next.lines).toEqual(['logs/a']);
    expect(next.ctx.sources.known().map(({ path }) => path)).toEqual([at('secret/b.log')]);
  });

  test('keeps the position of a file that is only not matched any more', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 1);
    const without = await life.restart({ paths: ['b*.log'] });
    expect(without.ctx.sources.known()).toHaveLength(1);
    const again = (await without.restart(logs)).pump();
    await appendFile(at('a.log'), 'two\n');
    await until(() => again.lines.length === 1);
    expect(again.lines).toEqual(['two']);
  });
});
