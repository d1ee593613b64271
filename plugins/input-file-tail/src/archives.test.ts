import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { age, all, countingDisk } from './fixtures/archives.ts';
import { at, folder, Life, openIn, until } from './fixtures/life.ts';

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
