import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { at, folder, grace, Life, openIn, until } from './fixtures/life.ts';
import { headBytes } from './identity/identity.ts';
import { Descriptor } from './machine/descriptor.ts';
import { type Disk, disk, type Handle } from './machine/disk.ts';

const all = { paths: ['app.log*'] };

/** As gzip does: the archive has the time of the file, which then goes. */
async function compress(name: string): Promise<void> {
  await writeFile(at(`${name}.gz`), gzipSync(await readFile(at(name))));
  await rm(at(name));
}

/** The real one, which counts the bytes of gzip files. Before more of one is read than its beginning there can be something to wait for. */
function countingDisk(
  rest?: (bytes: number) => Promise<void> | undefined,
): Disk & { opened: number; looks: number; bytes: number; waits: boolean } {
  return Object.assign(Object.create(disk), {
    opened: 0,
    looks: 0,
    bytes: 0,
    waits: false,
    stat(path: string) {
      this.looks++;
      return disk.stat(path);
    },
    async open(path: string) {
      this.opened++;
      const handle = await disk.open(path);
      const read: Handle['read'] = async (into, length, position) => {
        const bytes = await Descriptor.prototype.read.call(handle, into, length, position);
        if (path.endsWith('.gz')) this.bytes += bytes;
        const wait = path.endsWith('.gz') && length > headBytes ? rest?.(this.bytes) : undefined;
        this.waits ||= wait !== undefined;
        await wait;
        return bytes;
      };
      return Object.assign(handle, { read });
    },
  });
}

/** Nobody has written to it for long. */
async function age(name: string, seconds = 60): Promise<void> {
  const then = Date.now() / 1_000 - seconds;
  await utimes(at(name), then, then);
}

describe('a gzip file', () => {
  test('is read once, with a last line that has no end', async () => {
    await writeFile(at('app.log.gz'), gzipSync('one\ntwo'));
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 2);
    expect(life.lines).toEqual(['one', 'two']);
    const next = (await life.restart(all)).pump();
    await writeFile(at('app.log'), 'three\n');
    await until(() => next.lines.length > 0);
    expect(next.lines).toEqual(['three']);
  });

  test('goes on after a restart where everything has settled', async () => {
    await writeFile(at('app.log.gz'), gzipSync('one\ntwo\nthree\n'));
    const life = await new Life(all, { maxRecords: 1 }).start();
    life.take((await life.read())!);
    const next = (await life.restart(all)).pump();
    await until(() => next.lines.length === 2);
    expect(next.lines).toEqual(['two', 'three']);
  });

  test('is read before newer files with oldest_first, though it is read through first', async () => {
    await writeFile(at('app.log.gz'), gzipSync('one\n'));
    await age('app.log.gz');
    await writeFile(at('app.log'), 'two\n');
    const life = (await new Life({ ...all, oldest_first: true }).start()).pump();
    await until(() => life.lines.length === 2);
    expect(life.lines).toEqual(['one', 'two']);
  });

  test('of many lines is read in order, by a single pass too', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}`);
    await writeFile(at('app.log.gz'), gzipSync(`${lines.join('\n')}\n`));
    const life = (await new Life(all, { once: true }).start()).pump();
    await until(() => life.ended);
    expect(life.lines).toEqual(lines);
  });

  test('is passed over where reading begins at the end', async () => {
    await writeFile(at('app.log.gz'), gzipSync('one\n'));
    const life = (await new Life({ ...all, from: 'end' }).start()).pump();
    await writeFile(at('app.log.2.gz'), gzipSync('two\n'));
    await until(() => life.lines.length === 1);
    expect(life.lines).toEqual(['two']);
  });

  test('is shipped as it is where that is asked for', async () => {
    await writeFile(at('app.log.gz'), gzipSync('one\n'));
    const life = (await new Life({ ...all, compression: 'none' }, { once: true }).start()).pump();
    await until(() => life.ended);
    expect(life.lines.join()).not.toContain('one');
  });

  test.each([
    ['by a single pass', true],
    ['when it is not written any more', false],
  ])('that is cut off is read as far as it goes %s, and that is said', async (_, once) => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i * i}`);
    await writeFile(at('app.log.gz'), gzipSync(`${lines.join('\n')}\n`).subarray(0, 100_000));
    if (!once) await age('app.log.gz');
    const life = (await new Life(all, { once }).start()).pump();
    await until(() => life.ended || life.lines.length > 10_000);
    expect(life.lines.length).toBeGreaterThan(10_000);
    expect(life.lines.slice(0, -1)).toEqual(lines.slice(0, life.lines.length - 1));
    expect(life.logged('app.log.gz is damaged or cut off')).toBe(true);
  });

  test.each([
    [
      'damaged',
      (bytes: Buffer) => bytes.fill(0xff, 60_000, 60_100),
      /^It is damaged: its last \d+ compressed bytes, or a few less, cannot be read/,
    ],
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 60_000), /^It is cut off: what is missing is in no account/],
  ])('that is %s is warned of once, and explained each time', async (_, spoil, explained) => {
    const bytes = gzipSync(Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i * 2_654_435_761) >>> 24)));
    await writeFile(at('app.log.gz'), spoil(bytes));
    await age('app.log.gz');
    const damage = async ({ input }: Life) =>
      (await input.explain(at('app.log.gz')))!.reasons.filter((reason) => explained.test(reason));
    const life = (await new Life(all).start()).pump();
    await until(() => life.sources.length > 0);
    expect(await damage(life)).toHaveLength(1);
    const next = (await life.restart(all)).pump();
    expect(await damage(next)).toHaveLength(1);
    expect(life.logged('damaged or cut off')).toBe(true);
    expect(next.logged('damaged or cut off')).toBe(false);
  });

  test('that is being written waits until it is whole', async () => {
    const bytes = gzipSync('one\ntwo\n');
    await writeFile(at('app.log.gz'), bytes.subarray(0, 15));
    await writeFile(at('app.log'), 'zero\n');
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 1);
    await appendFile(at('app.log.gz'), bytes.subarray(15));
    await until(() => life.lines.length === 3);
    expect(life.lines).toEqual(['zero', 'one', 'two']);
  });

  test('that is being written is not read through at each write, and no event of it is missed', async () => {
    const bytes = gzipSync(randomBytes(200_000).toString('hex'));
    const counted = countingDisk();
    const life = (await new Life(all, { disk: counted }).start()).pump();
    await writeFile(at('app.log.gz'), bytes.subarray(0, 50_000));
    await until(() => counted.bytes > 50_000);
    for (let i = 50_000; i < 70_000; i += 1_000) {
      const { opened } = counted;
      await appendFile(at('app.log.gz'), bytes.subarray(i, i + 1_000));
      await until(() => counted.opened > opened);
    }
    // So many rescans.
    const { opened } = counted;
    await until(() => counted.opened > opened + 2);
    await appendFile(at('app.log.gz'), bytes.subarray(70_000));
    await age('app.log.gz');
    await until(() => life.lines.length === 1);
    expect(counted.bytes).toBeLessThan(4 * bytes.length);
    expect(life.logged('events of the system were lost')).toBe(false);
  });

  test('that was being written at the first start is passed over where reading begins at the end', async () => {
    const bytes = gzipSync(Array.from({ length: 2_000 }, (_, i) => `line ${i}\n`).join(''));
    await writeFile(at('app.log.gz'), bytes.subarray(0, 1_000));
    const life = (await new Life({ ...all, from: 'end' }).start()).pump();
    await appendFile(at('app.log.gz'), bytes.subarray(1_000));
    await age('app.log.gz');
    await until(() => life.events().includes('found app.log.gz'));
    await writeFile(at('app.log.2.gz'), gzipSync('next\n'));
    await until(() => life.lines.includes('next'));
    expect(life.lines).toEqual(['next']);
  });

  test('is not decompressed again after a restart where all of it was read', async () => {
    await writeFile(at('app.log.gz'), gzipSync(`${randomBytes(100_000).toString('hex')}\n`));
    const life = (await new Life(all).start()).pump();
    await until(() => life.lines.length === 1);
    const counted = countingDisk();
    await life.restart(all, { disk: counted });
    expect(counted.opened).toBe(1);
    expect(counted.bytes).toBeLessThan(10_000);
  });

  test('that cannot be read is said, and tried again', async () => {
    await writeFile(at('app.log.gz'), gzipSync('one\n'));
    let fails = true;
    const counted = countingDisk(() => {
      if (fails) throw Object.assign(new Error('broken'), { code: 'EIO' });
      return undefined;
    });
    const life = (await new Life(all, { disk: counted }).start()).pump();
    await until(() => life.ctx.degradedBy?.includes('app.log.gz cannot be read: EIO'));
    fails = false;
    await until(() => life.lines.length === 1 && life.ctx.degradedBy === null);
  });

  test('is decompressed once where few files may be open', async () => {
    const sizes: number[] = [];
    for (let i = 0; i < 4; i++) {
      const lines = Array.from({ length: 4_000 }, () => `${randomBytes(200).toString('hex')}\n`);
      const bytes = gzipSync(lines.join(''), { level: 1 });
      sizes.push(bytes.length);
      await writeFile(at(`app.log.${i}.gz`), bytes);
    }
    const counted = countingDisk();
    const life = (await new Life({ ...all, max_open_files: 1 }, { disk: counted }).start()).pump();
    await until(() => life.lines.length === 16_000);
    // And once to know how much it holds.
    expect(counted.bytes / sizes.reduce((sum, size) => sum + size)).toBeLessThan(2.5);
  });

  test('is not followed, though it is closed and grows', async () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `line ${i}`);
    await writeFile(at('app.log.gz'), gzipSync(`${lines.join('\n')}\n`));
    const counted = countingDisk();
    const life = (await new Life({ ...all, close_inactive: '50ms' }, { disk: counted }).start()).pump();
    await until(() => life.lines.length === 2_000);
    await until(() => openIn(folder).length === 0);
    await appendFile(at('app.log.gz'), gzipSync('more\n'));
    const { looks } = counted;
    await until(() => counted.looks > looks + 10);
    await writeFile(at('app.log'), 'next\n');
    await until(() => life.lines.includes('next'));
    expect(life.lines).toEqual([...lines, 'next']);
  });

  test('holds up neither files that are read, nor those that come, nor the end, however long it takes to read it through', async () => {
    await writeFile(at('app.log'), 'one\n');
    const { promise, resolve } = Promise.withResolvers<void>();
    const counted = countingDisk(() => promise);
    const life = (await new Life({ paths: ['app.log', 'old/*'] }, { disk: counted }).start()).pump();
    await until(() => life.lines.length === 1);
    await mkdir(at('new'));
    for (let i = 0; i < 4; i++) await writeFile(at(`new/${i}.gz`), gzipSync(randomBytes(10_000)));
    await rename(at('new'), at('old'));
    await until(() => counted.waits);
    await appendFile(at('app.log'), 'two\n');
    await writeFile(at('old/new.log'), 'three\n');
    await until(() => life.lines.length === 3);
    const stopped = life.stop();
    resolve();
    await stopped;
    expect(counted.bytes).toBeLessThan(4 * 6_000);
    expect(life.logged('LC_INPUT_UNREADABLE')).toBe(false);
    expect(life.logged('the input stops')).toBe(false);
  });
});

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
