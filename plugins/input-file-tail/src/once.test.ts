import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { at, folder, Life, logs, openIn, until } from './fixtures/life.ts';

describe('once', () => {
  const once = { once: true };

  test('reads each file to its end, an unterminated last line too, and nothing twice', async () => {
    await writeFile(at('a.log'), 'one\nabc');
    await writeFile(at('b.log'), '');
    let life = (await new Life(logs, once).start()).pump();
    await until(() => life.ended);
    expect(life.lines).toEqual(['one', 'abc']);
    expect(openIn(folder)).toEqual([]);

    for (const [more, expected] of [
      ['', []],
      ['\n', []],
      ['def', ['def']],
      ['\r', []],
      ['\nx\n', ['x']],
    ] as const) {
      await appendFile(at('a.log'), more);
      life = (await life.restart(logs, once)).pump();
      await until(() => life.ended);
      expect([more, life.lines]).toEqual([more, expected]);
    }
  });

  test('can be rewound after the end', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = (await new Life(logs, once).start()).pump();
    await until(() => life.ended);
    life.input.rewind(life.sources[0]!, 0);
    life.pump();
    await until(() => life.lines.length === 2);
  });

  test('does not end while a source is paused', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = await new Life(logs, once).start();
    life.input.pause(life.sources[0]!);
    life.pump();
    await delay(50);
    expect(life.ended).toBe(false);
    life.input.resume(life.sources[0]!);
    await until(() => life.ended);
  });

  test('does not end while something named cannot be read', async () => {
    await mkdir(at('named'));
    await writeFile(at('a.log'), 'a\n');
    const life = (await new Life({ paths: ['named', 'a.log'] }, once).start()).pump();
    await until(() => life.lines.length === 1 && life.ctx.degradedBy !== null);
    expect(life.ended).toBe(false);
    await rm(at('named'), { recursive: true });
    await until(() => life.ended);
  });

  test('fails when nothing matches, and says why', async () => {
    const nothing = new Life({ paths: ['*.log', 'missing/x.log'] }, once).start();
    await expect(nothing).rejects.toMatchObject({ code: 'LC_INPUT_NO_MATCH' });
    await expect(nothing).rejects.toThrow(
      `no file matches "*.log", "missing/x.log"; there is no folder ${at('missing')}`,
    );
  });
});
