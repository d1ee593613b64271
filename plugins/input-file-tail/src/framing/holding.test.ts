import { appendFile, rename, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { at, Life, until } from '../fixtures/life.ts';
import fileTail from '../index.ts';

const joined = (timeout: string) => ({ paths: ['app.log'], multiline: { continue: '^ ', timeout } });

describe('a record that is held', () => {
  test('is sent when nothing was added to it for its timeout, and an unfinished line waits on', async () => {
    const life = (await new Life(joined('150ms')).start()).pump();
    await writeFile(at('app.log'), 'one\n at a\n at b\n at');
    await until(() => life.lines.length === 1);
    expect(life.lines).toEqual(['one\n at a\n at b']);
    await appendFile(at('app.log'), ' c\n');
    await until(() => life.lines.length === 2);
    expect(life.lines[1]).toBe(' at c');
  });

  test('comes before the next file at its path, and ends there', async () => {
    await writeFile(at('app.log'), 'old\n');
    const life = (await new Life(joined('300ms')).start()).pump();
    await until(() => life.lines.length === 1);
    await appendFile(at('app.log'), 'trace\n at a\n');
    await rename(at('app.log'), at('app.log.1'));
    await writeFile(at('app.log'), ' at b\nnew\n');
    await until(() => life.lines.length === 4);
    expect(life.lines).toEqual(['old', 'trace\n at a', ' at b', 'new']);
  });

  test('and is lost with a truncation: one warning says why, and what to do', async () => {
    await writeFile(at('app.log'), 'one\ntrace\n');
    const life = (await new Life(joined('1h')).start()).pump();
    const end = vi.spyOn(life.ctx.sources, 'end');
    await until(() => life.lines.length === 1);
    await until(() => life.explained('4 of 10 bytes'));
    await truncate(at('app.log'));
    await until(() => end.mock.calls.length > 0);
    expect(end.mock.lastCall!.slice(1)).toEqual([
      'truncated',
      10,
      'A record of `multiline` was held, as more could belong to it: with a `timeout` shorter than 3600 s it is sent sooner.',
    ]);
    expect(life.logged('were read')).toBe(false);
  });

  test('is read again from its beginning after a restart', async () => {
    await writeFile(at('app.log'), 'one\ntrace\n at a\n');
    const life = (await new Life(joined('1h')).start()).pump();
    await until(() => life.lines.length === 1);
    const next = (await life.restart(joined('1h'))).pump();
    await appendFile(at('app.log'), ' at b\nnext\n');
    await until(() => next.lines.length === 1);
    expect(next.lines).toEqual(['trace\n at a\n at b']);
    expect(next.batches).toMatchObject([{ start: 4, end: 22 }]);
  });

  test('is sent at once by a single pass, and for a file that was left alone for long', async () => {
    await writeFile(at('app.log'), 'trace\n at a\n at');
    const once = (await new Life(joined('1h'), { once: true }).start()).pump();
    await until(() => once.ended);
    expect(once.lines).toEqual(['trace\n at a\n at']);
  });

  test('does not keep a file open in a rotation that nobody writes to any more', async () => {
    await writeFile(at('app.log'), 'trace\n at a\n');
    const life = (await new Life(joined('1h')).start()).pump();
    await rename(at('app.log'), at('app.log.1'));
    await until(() => life.events().includes('gone app.log'));
    expect(life.lines).toEqual(['trace\n at a']);
  });
});

test('a file in UTF-16 keeps its byte order over a restart', async () => {
  const options = { paths: ['app.log'], encoding: 'utf-16le' };
  const big = (text: string) => Buffer.from(text, 'utf16le').swap16();
  await writeFile(at('app.log'), big('\ufeffeins\n'));
  const life = (await new Life(options).start()).pump();
  await until(() => life.lines.length === 1);
  const next = (await life.restart(options)).pump();
  await appendFile(at('app.log'), big('zwei\n'));
  await until(() => next.lines.length === 1);
  expect([...life.lines, ...next.lines]).toEqual(['eins', 'zwei']);
});

test('what is not as the options say is a warning once, and counted in the end', async () => {
  await writeFile(at('app.log'), 'no such line\nnor this\n');
  const life = (await new Life({ paths: ['app.log'], format: 'cri' }).start()).pump();
  await until(() => life.lines.length === 2);
  await life.stop();
  expect(life.logged('a line is not what format: cri writes, and is shipped as it is')).toBe(true);
  expect(life.logged('lines that are not what format: cri writes, shipped as they are: 2')).toBe(true);
});

describe('options', () => {
  const { options } = fileTail.definition;
  test.each([
    [{ multiline: { start: '[' } }, ['multiline', 'start'], 'Unterminated character class'],
    [{ multiline: {} }, ['multiline'], 'name one pattern'],
    [{ multiline: { start: 'a', end: 'b' } }, ['multiline'], 'name one pattern'],
    [{ multiline: { start: 'a', max_bytes: '2MB' } }, ['multiline', 'max_bytes'], '1000000'],
    [{ encoding: 'utf-16le', max_line_bytes: 3 }, ['max_line_bytes'], 'can have 4 bytes'],
    [{ encoding: 'gbk', format: 'docker' }, ['encoding'], 'always utf-8'],
  ])('%j is an error at its place', (given, path, message) => {
    const { error } = options.safeParse({ paths: 'x', ...given });
    expect(error!.issues).toMatchObject([{ path }]);
    expect(error!.issues[0]!.message).toContain(message);
  });
});
