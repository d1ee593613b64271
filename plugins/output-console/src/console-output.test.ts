import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferPool } from '@logcatch/core';
import { batchOf, jsonLines, LogcatchError } from '@logcatch/plugin-api';
import { fakeOutputContext, MemorySources, outputContract } from '@logcatch/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConsoleOutput } from './console-output.ts';
import { asPretty } from './format.ts';
import { openStdout, type Sink } from './stdout.ts';

class MemorySink implements Sink {
  readonly terminal: boolean;
  failure: Error | undefined;
  text = '';

  constructor(terminal = false) {
    this.terminal = terminal;
  }

  async write(bytes: Uint8Array): Promise<void> {
    // As a slow reader would: the bytes are looked at later.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure) throw this.failure;
    this.text += Buffer.from(bytes).toString();
  }

  close(): void {}
}

async function batch(values: string[], attributes = {}) {
  const [source] = new MemorySources(attributes).open([{ path: '/var/log/app.log', meta: {} }]);
  return batchOf(source!, values, { start: 0, buffers: new BufferPool(1 << 20), signal: new AbortController().signal });
}

describe('the output contract', () => {
  const suite = outputContract(async () => {
    const sink = new MemorySink();
    return {
      create: (context) => new ConsoleOutput('text', () => sink, context),
      written: async () => sink.text.split('\n').slice(0, -1),
      fail: async () => {
        sink.failure = new Error('disk full');
      },
      heal: async () => {
        sink.failure = undefined;
      },
    };
  });
  for (const { name, run } of suite) test(name, run);
});

describe('formats', () => {
  test('json: attributes and message', async () => {
    const [line] = jsonLines(await batch(['a "quoted" line'], { team: 'web' }))
      .toString()
      .split('\n');
    expect(JSON.parse(line!)).toEqual({
      team: 'web',
      path: '/var/log/app.log',
      name: 'app.log',
      input: 'test',
      host: 'localhost',
      message: 'a "quoted" line',
    });
  });

  test('json: an attribute per record', async () => {
    const tagged = (await batch(['x', 'y'])).withAttribute('level', (record) =>
      record.text === 'y' ? 'warn' : undefined,
    );
    const levels = jsonLines(tagged)
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).level);
    expect(levels).toEqual([undefined, 'warn']);
  });

  test('pretty: records cannot control the terminal', async () => {
    const text = asPretty(await batch(['a\x1b]0;title\x07b\x1b[31mred\x1b[0m\x1b[2J'])).toString();
    expect(text).toContain('app.log');
    expect(text).toContain('\x1b[31mred');
    expect(text).not.toContain('\x1b]');
    expect(text).not.toContain('\x1b[2J');
    expect(text).not.toContain('\x07');
  });

  test('auto is pretty on a terminal and text elsewhere', async () => {
    for (const terminal of [true, false]) {
      const sink = new MemorySink(terminal);
      const output = new ConsoleOutput('auto', () => sink, fakeOutputContext());
      await output.start();
      await output.write(await batch(['hello']), new AbortController().signal);
      expect(sink.text === 'hello\n').toBe(!terminal);
    }
  });
});

test('a file takes everything', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  const fd = openSync(join(folder, 'out'), 'w');
  const sink = openStdout(fd);
  await sink.write(Buffer.from('one\n'));
  await sink.write(Buffer.alloc(300_000, 'x'));
  closeSync(fd);
  expect(readFileSync(join(folder, 'out')).length).toBe(300_004);
  rmSync(folder, { recursive: true });
});

test.skipIf(!existsSync('/dev/full'))('what cannot be written is no mistake of a plugin', async () => {
  const fd = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(fd));
  await expect(openStdout(fd).write(Buffer.from('one\n'))).rejects.toMatchObject({
    code: 'LC_OUTPUT_FAILED',
    message: expect.stringContaining('ENOSPC'),
  });
});

test('an aborted write does not spoil what the sink still reads', async () => {
  const sink = new MemorySink();
  const output = new ConsoleOutput('text', () => sink, fakeOutputContext());
  await output.start();
  const controller = new AbortController();
  const first = output.write(await batch(['first']), controller.signal);
  controller.abort(new LogcatchError('LC_OUTPUT_FAILED', 'test'));
  await expect(first).rejects.toThrow('test');
  await output.write(await batch(['other']), new AbortController().signal);
  expect(sink.text).toBe('first\nother\n');
});
