import { appendFile, open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { at, folder, grace, Life, logs, openIn, until } from './fixtures/life.ts';

describe('rotation', () => {
  test('of a file that was read and is overwritten by more, nothing counts as lost', async () => {
    await writeFile(at('app.log'), 'x\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 1);
    await writeFile(at('app.log'), 'much longer than it was before\n');
    await until(() => life.lines.length === 2);
    expect(life.logged('bytes were read')).toBe(false);
    expect(life.events()).toContain('truncated app.log');
  });

  test('by rename: the old handle is read to its end, the new file from its beginning', async () => {
    await writeFile(at('app.log'), 'one\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 1);
    await rename(at('app.log'), at('app.1'));
    await writeFile(at('app.log'), 'three\n');
    await appendFile(at('app.1'), 'two\n');
    await until(() => life.lines.length === 3);
    await appendFile(at('app.1'), 'unfinished');
    await until(() => life.lines.includes('unfinished') && life.events().includes('gone app.log'));
    expect(life.lines.toSorted()).toEqual(['one', 'three', 'two', 'unfinished']);
    await until(() => openIn(folder).join() === at('app.log'));
  });

  test('by rename to a path that matches: the same source goes on', async () => {
    await writeFile(at('app.log'), 'one\n');
    const life = (await new Life({ paths: ['app.log*'] }).start()).pump();
    await until(() => life.lines.length === 1);
    await rename(at('app.log'), at('app.log.1'));
    await writeFile(at('app.log'), 'two\n');
    await appendFile(at('app.log.1'), 'late\n');
    await until(() => life.lines.length === 3 && life.events().length === 3);
    expect(life.events().toSorted()).toEqual(['found app.log', 'found app.log', 'renamed app.log.1']);
    await delay(grace.renamed * 2);
    await appendFile(at('app.log.1'), 'later\n');
    await until(() => life.lines.length === 4);
  });

  test('by truncation: a new source from the beginning', async () => {
    await writeFile(at('app.log'), 'one\ntwo\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    await truncate(at('app.log'));
    await appendFile(at('app.log'), 'new\n');
    await until(() => life.lines.length === 3);
    expect(life.lines).toEqual(['one', 'two', 'new']);
    expect(life.events()).toEqual(['found app.log', 'found app.log', 'truncated app.log']);
    life.input.rewind(life.sources[0]!, 0);
    expect(life.logged('truncated before all of it was delivered')).toBe(true);
  });

  test('by truncation: what is written then is noticed as soon as before', async () => {
    await writeFile(at('app.log'), 'one\ntwo\n');
    // Nothing but the look at a file that grows can notice it in time.
    const tuning = { poll: 5, idlePoll: 600_000, rescan: 600_000 };
    const life = (await new Life({ ...logs, watch: 'poll' }, { tuning }).start()).pump();
    await until(() => life.lines.length === 2);
    // Longer than a folder counts as changed a moment ago, for then its files are looked at again.
    await delay(100);
    await truncate(at('app.log'));
    await until(() => life.logged('truncated; reading from its beginning'));
    await delay(100);
    await appendFile(at('app.log'), 'new\n');
    await until(() => life.lines.length === 3);
  });

  test('by truncation under a writer that keeps its offset: the hole that it leaves is no part of a line', async () => {
    const life = (await new Life(logs).start()).pump();
    const writer = await open(at('app.log'), 'w');
    // Larger than a chunk.
    await writer.write(`${'x'.repeat(999)}\n`.repeat(3_000));
    await until(() => life.lines.length === 3_000);
    await truncate(at('app.log'));
    await writer.write('one\ntwo\n');
    await until(() => life.lines.length > 3_001);
    await writer.close();
    expect(life.lines.slice(3_000)).toEqual(['one', 'two']);
    const [, source] = life.sources;
    const own = life.batches.filter((batch) => batch.source === source);
    expect(own.map(({ start }) => start)).toEqual([0, ...own.map(({ end }) => end).slice(0, -1)]);
    expect(own.at(-1)!.end).toBe(3_000_008);
  });

  test('by deletion: what was written is read before the file is let go', async () => {
    await writeFile(at('app.log'), 'one\n');
    const life = await new Life(logs).start();
    await appendFile(at('app.log'), 'two\nthree');
    await rm(at('app.log'));
    await writeFile(at('app.log'), 'new\n');
    life.pump();
    await until(() => life.lines.length === 4 && life.events().includes('gone app.log'));
    expect(life.lines.toSorted()).toEqual(['new', 'one', 'three', 'two']);
  });

  test('of what a symbolic link points to: the old file is read to its end, then the new one from its beginning', async () => {
    await writeFile(at('v1'), 'one\n');
    await writeFile(at('v2'), 'three\n');
    await symlink(at('v1'), at('app.log'));
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 1);
    await symlink(at('v2'), at('new link'));
    await rename(at('new link'), at('app.log'));
    await appendFile(at('v1'), 'two\n');
    await until(() => life.lines.length === 3 && life.events().includes('gone app.log'));
    expect(life.lines.toSorted()).toEqual(['one', 'three', 'two']);
    expect(life.events().filter((event) => event === 'found app.log')).toHaveLength(2);
  });

  test('an empty file that came between two and is gone does not change their order', async () => {
    await writeFile(at('app.log'), 'one\n');
    const life = (await new Life({ ...logs, close_renamed: '1h' }).start()).pump();
    await until(() => life.lines.length === 1);
    const [first] = life.sources;
    life.input.pause(first!);
    await appendFile(at('app.log'), 'two\n');
    await rename(at('app.log'), at('app.1'));
    await writeFile(at('app.log'), '');
    await until(() => life.sources.length === 2);
    await rm(at('app.log'));
    await until(() => life.events().includes('gone app.log'));
    await writeFile(at('app.log'), 'three\n');
    await until(() => life.explained('waiting for the end of the file that was at its path before'));
    life.input.resume(first!);
    await until(() => life.lines.length === 3);
    expect(life.lines).toEqual(['one', 'two', 'three']);
  });

  test('a rotated file stays open until all of it has settled', async () => {
    await writeFile(at('app.log'), 'one\n');
    const life = await new Life(logs).start();
    life.settles = false;
    life.pump();
    await until(() => life.lines.length === 1);
    await rm(at('app.log'));
    await delay(grace.removed * 2);
    life.settles = true;
    life.input.rewind(life.sources[0]!, 0);
    await until(() => life.lines.length === 2 && life.events().includes('gone app.log'));
  });

  test('by three writers every 250 ms, to names that do not match, and written on to: nothing is lost', async () => {
    const life = (await new Life(logs, { tuning: {} }).start()).pump();
    const expected: string[] = [];
    const writer = async (name: string) => {
      let generation = 0;
      let file = await open(at(`${name}.log`), 'a');
      for (let line = 0; line < 120; line++) {
        expected.push(`${name} ${line}`);
        await file.write(`${name} ${line}\n`);
        await delay(10);
        if (line % 25 !== 24) continue;
        await rename(at(`${name}.log`), at(`${name}.${++generation}`));
        const next = await open(at(`${name}.log`), 'a');
        expected.push(`${name} late ${line}`);
        await file.write(`${name} late ${line}\n`);
        await file.close();
        file = next;
      }
      await file.close();
    };
    await Promise.all(['a', 'b', 'c'].map(writer));
    await until(() => life.lines.length >= expected.length);
    expect(life.lines.toSorted()).toEqual(expected.toSorted());
  });

  test('with writers that keep their old handles, many times over: nothing is lost or repeated', async () => {
    const expected: string[] = [];
    const life = (await new Life({ paths: ['app.log'] }).start()).pump();
    for (let turn = 0; turn < 20; turn++) {
      const write = async (name: string, text: string) => {
        expected.push(text);
        await appendFile(at(name), `${text}\n`);
      };
      await write('app.log', `${turn} first`);
      await until(() => life.lines.includes(`${turn} first`));
      await rename(at('app.log'), at(`old.${turn}`));
      await write(`old.${turn}`, `${turn} late`);
    }
    await until(() => life.lines.length === expected.length);
    expect(life.lines.toSorted()).toEqual(expected.toSorted());
  });
});
