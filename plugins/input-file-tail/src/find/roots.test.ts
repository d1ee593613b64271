import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeInputContext } from '@logcatch/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFile } from '../identity/file.ts';
import { FileTail } from '../input.ts';
import { disk } from '../machine/disk.ts';
import { options } from '../options.ts';
import { Roots } from './roots.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logcatch-roots-'));
  mkdirSync(at('logs'));
  mkdirSync(at('logs-not'));
  writeFileSync(at('logs/a.log'), 'a\n');
  writeFileSync(at('logs-not/secret'), 's\n');
  symlinkSync(at('logs-not/secret'), at('logs/link.log'));
  symlinkSync(at('logs'), at('linked'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function outside(roots: string[] | undefined, path: string): Promise<string | undefined> {
  const file = await openFile(disk, path);
  return new Roots(disk, roots).outside(file).finally(() => file.handle.close());
}

test('a file below a root is allowed, also where the root is a link', async () => {
  expect(await outside([at('logs')], at('logs/a.log'))).toBeUndefined();
  expect(await outside([at('linked')], at('logs/a.log'))).toBeUndefined();
  expect(await outside(undefined, at('logs-not/secret'))).toBeUndefined();
});

test('a link out of a root and a folder whose name begins like one are not', async () => {
  expect(await outside([at('logs')], at('logs/link.log'))).toBe(at('logs-not/secret'));
  expect(await outside([at('logs')], at('logs-not/secret'))).toBe(at('logs-not/secret'));
});

test('what was opened counts, whatever its path leads to by now', async () => {
  const file = await openFile(disk, at('logs/link.log'));
  renameSync(at('logs/a.log'), at('logs/link.log'));
  expect(await new Roots(disk, [at('logs')]).outside(file)).toBe(at('logs-not/secret'));
  await file.handle.close();
});

test('the input reads what is inside, and says what is not', async () => {
  const context = fakeInputContext({ folder, untrusted: true });
  const input = new FileTail(options.parse({ paths: './logs/*.log', roots: './logs' }), context);
  const { signal } = new AbortController();
  await input.start(signal);
  const batch = await input.read(signal);
  expect([...batch!].map(({ text }) => text)).toEqual(['a']);
  batch!.chunk.release();
  expect(context.degradedBy).toContain('LC_INPUT_OUTSIDE_ROOTS');
  await input.stop();
});

test('paths from a remote source without roots are warned of', () => {
  const context = fakeInputContext({ folder, untrusted: true });
  new FileTail(options.parse({ paths: './logs/*.log' }), context);
  expect(context.log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('`roots`') }]);
});

test('patterns of an input with remote options have to be simple', () => {
  const context = fakeInputContext({ folder, untrusted: true });
  const given = (more: Record<string, unknown>) =>
    new FileTail(options.parse({ paths: 'x', roots: './logs', multiline: { start: '(a+)+$' }, ...more }), context);
  expect(given({ paths: './{app}/*.log', exclude: '*.gz' })).toBeDefined();
  expect(() => given({ paths: './logs/*{a}*{b}*{c}*{d}*{e}*b' })).toThrow('more than 4 wildcards');
  expect(() => given({ exclude: '+(a|aa)b' })).toThrow('parentheses');
});
