import { randomBytes } from 'node:crypto';
import { appendFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { age, all, compress, countingDisk } from './fixtures/archives.ts';
import { at, folder, grace, Life, openIn, until } from './fixtures/life.ts';
import { Descriptor } from './machine/descriptor.ts';
import { type Disk, disk, type Handle } from './machine/disk.ts';

describe('the rotated form of a file', () => {
  test('that is read is not read again, also after a restart, and under its next name', async () => {
    await writeFile(at('app.log'), 'one\ntwo\n');
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 2);
    await rename(at('app.log'), at('app.log.1'));
    await writeFile(at('app.log'), 'three\n');
    await until(() => life.lines.length === 3);
    await compress('app.log.1');
    await until(() => life.logged('its source goes on with the archive'));
    const next = (await life.restart(all)).pump();
    await rename(at('app.log.1.gz'), at('app.log.2.gz'));
    const last = (await next.restart(all)).pump();
    await appendFile(at('app.log'), 'four\n');
    await until(() => last.lines.length + next.lines.length > 0);
    expect([...life.lines, ...next.lines, ...last.lines]).toEqual(['one', 'two', 'three', 'four']);
    expect(last.events()).not.toContain('gone app.log');
  });

  test('is what its source goes on with, though it is not read through when the time of the file is over', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const counted = countingDisk(() => promise);
    await writeFile(at('app.log.1'), 'one\n');
    const life = (await new Life(all, { disk: counted }).start()).pump();
    await until(() => life.lines.length === 1);
    await writeFile(at('app.log.1.gz'), gzipSync('one\n'));
    await until(() => counted.waits);
    await rm(at('app.log.1'));
    await delay(3 * grace.removed);
    resolve();
    await until(() => life.logged('its source goes on with the archive'));
    await writeFile(at('app.log'), 'two\n');
    await until(() => life.lines.length === 2);
    expect(life.lines).toEqual(['one', 'two']);
  });

  test.each([
    ['by a single pass', true],
    ['when both are found at once', false],
  ])('is not read beside the file %s, however alike two others begin', async (_, once) => {
    const banner = '#'.repeat(2_000);
    const text = `${banner}\none\n`;
    await writeFile(at('app.log.1'), text);
    await writeFile(at('app.log.1.gz'), gzipSync(text));
    await writeFile(at('app.log.2'), `${banner}\ntwo\n`);
    const life = (await new Life(all, { once }).start()).pump();
    await until(() => life.ended || life.logged('it holds, compressed, what was read of another file'));
    await until(() => life.lines.length === 4);
    expect(life.lines.toSorted()).toEqual([banner, banner, 'one', 'two']);
    expect(life.events()).toEqual(['found app.log.1', 'found app.log.2']);
  });

  test('that was read in part is read on from there', async () => {
    await writeFile(at('app.log'), 'one\ntwo\nthree\n');
    const life = await new Life(all, { maxRecords: 1 }).start();
    life.take((await life.read())!);
    await life.stop();
    await rename(at('app.log'), at('app.log.1'));
    await writeFile(at('app.log'), 'four\n');
    await compress('app.log.1');
    const next = (await life.restart(all)).pump();
    await until(() => next.lines.length === 3);
    expect(next.lines.toSorted()).toEqual(['four', 'three', 'two']);
  });

  describe('that is older than ignore_older', () => {
    const old = { ...all, ignore_older: '1h' };
    const banner = '#'.repeat(2_000);
    const put = async (name: string, text: string) => {
      await writeFile(at('new'), gzipSync(text));
      await age('new', 7_200);
      await rename(at('new'), at(name));
    };

    test('is read on where the file was read in part, and others as old are left alone', async () => {
      await writeFile(at('app.log.1'), `${banner}\none\ntwo\n`);
      const life = await new Life(old, { maxRecords: 1 }).start();
      for (let i = 0; i < 2; i++) life.take((await life.read())!);
      await life.stop();
      await put('app.log.1.gz', `${banner}\nan old one\n`);
      await put('app.log.2.gz', `${banner}\none\ntwo\n`);
      await put('app.log.3.gz', 'another old one\n');
      await writeFile(at('app.log.4'), 'not compressed\n');
      await age('app.log.4', 7_200);
      // Not before: its inode number is given to the next file.
      await rm(at('app.log.1'));
      const next = (await life.restart(old)).pump();
      await until(() => next.lines.length > 0);
      await writeFile(at('app.log'), 'three\n');
      await until(() => next.lines.length > 1);
      expect(next.lines).toEqual(['two', 'three']);
      const why = async (name: string) => (await next.input.explain(at(name)))?.reasons.join();
      expect(await why('app.log.1.gz')).toContain('longer than ignore_older');
      expect(await why('app.log.4')).toContain('longer than ignore_older');
    });

    test('is read where the file was found, and nothing of it was read yet', async () => {
      await writeFile(at('app.log.1'), 'one\n');
      const life = await new Life(old).start();
      await life.stop();
      await put('app.log.1.gz', 'one\n');
      await rm(at('app.log.1'));
      const next = (await life.restart(old)).pump();
      await until(() => next.lines.length === 1);
      expect(next.events()).toEqual(['found app.log.1', 'resumed app.log.1.gz']);
    });

    test('is read also where another file has the inode number of its own by now', async () => {
      await writeFile(at('app.log.1'), 'one\n');
      const life = await new Life(old).start();
      await life.stop();
      await put('app.log.1.gz', 'one\n');
      await rm(at('app.log.1'));
      // Most file systems give it to the next one.
      await writeFile(at('app.log'), 'two\n');
      const next = (await life.restart(old)).pump();
      await until(() => next.lines.length === 2);
      expect(next.lines.toSorted()).toEqual(['one', 'two']);
    });

    test('is read where the file was closed before anything of it was read, and is gone', async () => {
      for (const name of ['app.log.0', 'app.log.1']) await writeFile(at(name), `${name}\n`);
      const life = await new Life({ ...old, max_open_files: 1 }).start();
      await until(() => openIn(folder).length < 2);
      const closed = openIn(folder).some((path) => path.endsWith('1')) ? 'app.log.0' : 'app.log.1';
      await put(`${closed}.gz`, `${closed}\n`);
      await rm(at(closed));
      await until(() => life.logged('its source goes on with the archive'));
      life.pump();
      await until(() => life.lines.length === 2);
    });

    test('is read on where the file was closed, and is gone', async () => {
      await writeFile(at('app.log.1'), 'one\n');
      const life = (await new Life({ ...old, close_inactive: 50 }).start()).pump();
      await until(() => life.lines.length === 1 && openIn(folder).length === 0);
      const [source] = life.sources;
      life.input.pause(source!);
      await appendFile(at('app.log.1'), 'two\n');
      await until(() => life.explained('8 bytes'));
      await put('app.log.1.gz', 'one\ntwo\n');
      await rm(at('app.log.1'));
      await until(() => life.logged('its source goes on with the archive'));
      expect(life.lines).toEqual(['one']);
      life.input.resume(source!);
      await until(() => life.lines.length > 1);
      expect(life.lines).toEqual(['one', 'two']);
    });
  });

  test('is read on also where another file has its inode number by now', async () => {
    await writeFile(at('app.log.1'), 'one\ntwo\n');
    const life = await new Life(all, { maxRecords: 1 }).start();
    life.take((await life.read())!);
    await life.stop();
    await compress('app.log.1');
    // Most file systems give it to the next one.
    await writeFile(at('app.log'), 'three\n');
    const next = (await life.restart(all)).pump();
    await until(() => next.lines.length > 1);
    await appendFile(at('app.log'), 'four\n');
    await until(() => next.lines.includes('four'));
    expect(next.lines.toSorted()).toEqual(['four', 'three', 'two']);
  });

  test('is known also where the file is read on while it is looked at', async () => {
    const text = Array.from({ length: 3 }, () => `${randomBytes(50_000).toString('hex')}\n`).join('');
    const bytes = gzipSync(text);
    const { promise, resolve } = Promise.withResolvers<void>();
    const counted = countingDisk((read) => (read > 20_000 ? promise : undefined));
    await writeFile(at('app.log.1'), text);
    const life = await new Life(all, { maxRecords: 1, disk: counted }).start();
    life.take((await life.read())!);
    await writeFile(at('new'), bytes);
    await rename(at('new'), at('app.log.1.gz'));
    await until(() => counted.bytes > 20_000);
    life.take((await life.read())!);
    resolve();
    life.pump();
    await until(() => life.logged('it holds, compressed, what was read of another file'));
    await until(() => life.lines.length === 3);
    expect(life.events()).toEqual(['found app.log.1']);
  });

  test('stands beside the file while that is kept, also over a restart', async () => {
    await writeFile(at('app.log.1'), 'one\n');
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 1);
    await writeFile(at('app.log.1.gz'), gzipSync('one\n'));
    const next = (await life.restart(all)).pump();
    await writeFile(at('app.log'), 'two\n');
    await until(() => next.lines.length > 0);
    expect([...life.lines, ...next.lines]).toEqual(['one', 'two']);
  });

  test('is read through before the files are opened, and nothing is looked at twice: where reading begins at the end both are passed over', async () => {
    await writeFile(at('app.log'), 'one\ntwo\n');
    await writeFile(at('app.log.1.gz'), gzipSync('one\ntwo\n'));
    const readThrough = Promise.withResolvers<void>();
    const slow: Disk = Object.assign(Object.create(disk), {
      async open(path: string) {
        if (!path.endsWith('.gz')) await readThrough.promise;
        const handle = await disk.open(path);
        const read: Handle['read'] = async (into, length, position) => {
          const bytes = await Descriptor.prototype.read.call(handle, into, length, position);
          // Long enough for a look at what it holds.
          if (bytes === 0) void delay(200).then(() => readThrough.resolve());
          return bytes;
        };
        return Object.assign(handle, { read });
      },
    });
    const life = (await new Life({ ...all, from: 'end' }, { disk: slow }).start()).pump();
    await until(() => life.logged('it holds, compressed, what was read of another file'));
    await appendFile(at('app.log'), 'three\n');
    await until(() => life.lines.includes('three'));
    expect(life.lines).toEqual(['three']);
    expect(life.sources).toHaveLength(1);
  });

  test('is read after all where the file was truncated before it was read to its end', async () => {
    await writeFile(at('app.log'), 'one\ntwo\nthree\n');
    const life = await new Life(all, { maxRecords: 1 }).start();
    life.take((await life.read())!);
    await writeFile(at('app.log.1.gz'), gzipSync('one\ntwo\nthree\n'));
    await until(() => life.logged('it holds, compressed, what was read of another file'));
    const explained = await life.input.explain(at('app.log.1.gz'));
    expect(explained?.reasons.at(-1)).toBe('It is not read: it holds, compressed, what is read of another file.');
    await truncate(at('app.log'));
    life.pump();
    await until(() => life.lines.length === 4);
    expect(life.lines).toEqual(['one', 'one', 'two', 'three']);
  });

  test('is read after all where nothing was read of the file, and another one has its inode number by now', async () => {
    const names = ['app.log.0', 'app.log.1'];
    for (const name of names) {
      await writeFile(at(name), `${name}\n`);
      await writeFile(at(`${name}.gz`), gzipSync(`${name}\n`));
    }
    const life = await new Life({ ...all, max_open_files: 1 }).start();
    const setAside = (name: string) => life.logged(`${name}.gz: rotated`);
    await until(() => names.every(setAside) && openIn(folder).length < 2);
    const closed = names.find((name) => !openIn(folder).includes(at(name)))!;
    await rm(at(closed));
    // Most file systems give it to the next one.
    await writeFile(at('app.log'), 'longer than the other two\n');
    await until(() => life.logged('renamed to') || life.logged('goes on with the archive'));
    life.pump();
    await until(() => life.lines.length === 3);
    expect(life.lines.toSorted()).toEqual([...names, 'longer than the other two']);
  });

  test('does not take the place of the file where that has grown since', async () => {
    await writeFile(at('app.log'), 'one\n');
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 1);
    await writeFile(at('app.log.copy.gz'), gzipSync('one\n'));
    await until(() => life.logged('it holds, compressed, what was read of another file'));
    await appendFile(at('app.log'), 'two\n');
    await until(() => life.lines.length === 2);
    await rm(at('app.log'));
    await until(() => life.events().includes('gone app.log'));
    expect(life.lines).toEqual(['one', 'two']);
  });

  test('is not taken for it where it is shorter than what was read, however alike the lines are', async () => {
    await writeFile(at('app.log'), 'tick\n'.repeat(600));
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 600);
    await writeFile(at('app.log.1.gz'), gzipSync('tick\n'.repeat(500)));
    await until(() => life.lines.length === 1_100);
  });

  test('is not taken for it where only the beginning is the same', async () => {
    const banner = '#'.repeat(2_000);
    await writeFile(at('app.log'), `${banner}\none\n`);
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 2);
    await writeFile(at('app.log.9.gz'), gzipSync(`${banner}\nanother one\n`));
    await until(() => life.lines.length === 4);
    expect(life.lines[3]).toBe('another one');
    expect(gunzipSync(await readFile(at('app.log.9.gz'))).length).toBeGreaterThan(2_000);
  });
});
