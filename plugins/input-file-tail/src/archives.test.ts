import { appendFile, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { at, Life, until } from './fixtures/life.ts';

const all = { paths: ['app.log*'] };

/** As gzip does: the archive has the time of the file, which then goes. */
async function compress(name: string): Promise<void> {
  await writeFile(at(`${name}.gz`), gzipSync(await readFile(at(name))));
  await rm(at(name));
}

/** Nobody has written to it for long. */
async function age(name: string): Promise<void> {
  const then = Date.now() / 1_000 - 60;
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

  test('that is cut off is read as far as it goes, and that is said', async () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i * i}`);
    await writeFile(at('app.log.gz'), gzipSync(`${lines.join('\n')}\n`).subarray(0, 100_000));
    await age('app.log.gz');
    const life = (await new Life(all, { once: true }).start()).pump();
    await until(() => life.ended);
    expect(life.lines.length).toBeGreaterThan(10_000);
    expect(life.lines.slice(0, -1)).toEqual(lines.slice(0, life.lines.length - 1));
    expect(life.logged('app.log.gz is damaged or cut off')).toBe(true);
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
