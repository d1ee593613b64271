import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, open, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ConfigSource } from '@logcatch/plugin-api';
import { fakeConfigContext } from '@logcatch/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import plugin from './index.ts';

const { signal } = new AbortController();
let folder: string;
let sources: ConfigSource[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-file-'));
  sources = [];
});

afterEach(async () => {
  for (const source of sources) await source.stop();
  await rm(folder, { recursive: true });
});

function create(options: { path: string; format?: 'yaml' | 'json' | 'text' }) {
  const context = fakeConfigContext({ folder });
  const source = plugin.definition.create(options, context);
  sources.push(source);
  return { source, context };
}

async function started(path: string) {
  const { source, context } = create({ path });
  await source.start(signal);
  let told = 0;
  /** Reads it, as the engine does after being told of a change. */
  const text = () => {
    told = context.changes;
    return textOf(source);
  };
  /** Waits to be told of a change since the last read, and to read this. */
  const becomes = async (expected: string) => {
    const before = told;
    await vi.waitFor(
      async () => {
        expect(context.changes).toBeGreaterThan(before);
        expect(await text()).toContain(expected);
      },
      { timeout: 50_000 },
    );
  };
  return { source, context, text, becomes };
}

/** The text, or the error as people see it. */
async function textOf(source: ConfigSource): Promise<string> {
  try {
    const loaded = await source.load(signal);
    return 'document' in loaded ? loaded.document.text : 'no document';
  } catch (error) {
    return String(error).replaceAll(folder, '');
  }
}

describe('a document', () => {
  test.each([
    ['a.yaml', undefined, 'yaml'],
    ['a.YML', undefined, 'yaml'],
    ['a.json', undefined, 'json'],
    ['a.conf', undefined, 'text'],
    ['a', undefined, 'text'],
    ['a.json', 'text', 'text'],
    ['a.txt', 'yaml', 'yaml'],
  ] as const)('%s with format %s is %s', async (path, format, expected) => {
    await writeFile(join(folder, path), '\uFEFF[1]\r\n');
    const { source } = create(format ? { path, format } : { path });
    expect(await source.load(signal)).toEqual({ document: { text: '[1]\r\n', format: expected, label: path } });
  });

  test('keeps the path as it was written', async () => {
    await writeFile(join(folder, 'list.json'), '[]');
    const { source } = create({ path: './list.json' });
    expect(await source.load(signal)).toMatchObject({ document: { label: './list.json' } });
  });
});

describe('what cannot be used', () => {
  const refusal = async (path: string) => {
    const error: unknown = await create({ path })
      .source.load(signal)
      .catch((reason: unknown) => reason);
    return (error as { describe(): string }).describe().replaceAll(folder, '');
  };

  test.each<[string, string | Uint8Array, string]>([
    ['empty', '', 'empty LC_SOURCE_BAD it is empty.'],
    ['blank', '\uFEFF \r\n\t', 'blank LC_SOURCE_BAD it is empty.'],
    ['latin1', Buffer.from('a\nb: \xe9\n', 'latin1'), 'latin1:2 LC_SOURCE_BAD it is not UTF-8 text. Save it as UTF-8'],
    ['utf16', Buffer.from('\uFEFFa: 1\n', 'utf16le'), 'utf16:1 LC_SOURCE_BAD it is not UTF-8 text.'],
    ['zeros', 'a\nb\n\0\0\0', 'zeros:3 LC_SOURCE_BAD it is not UTF-8 text.'],
    ['cut', Buffer.from('a\n\u20ac').subarray(0, -1), 'cut:2 LC_SOURCE_BAD it is not UTF-8 text.'],
  ])('%s', async (name, content, expected) => {
    await writeFile(join(folder, name), content);
    expect(await refusal(name)).toContain(expected);
  });

  test('a folder, a device, a large file', async () => {
    await mkdir(join(folder, 'folder'));
    expect(await refusal('folder')).toContain('folder LC_SOURCE_BAD it is a directory.');
    expect(await refusal('/dev/null')).toContain('/dev/null LC_SOURCE_BAD it is not a file.');
    await writeFile(join(folder, 'large'), '');
    await truncate(join(folder, 'large'), 2 ** 24 + 1);
    expect(await refusal('large')).toContain(
      'large LC_SOURCE_BAD it has 16777217 bytes, more than the 16777216 allowed.',
    );
  });

  test('absent and unreachable', async () => {
    expect(await refusal('a/b.yaml')).toContain('a/b.yaml LC_SOURCE_ABSENT there is no file /a/b.yaml.');
    await writeFile(join(folder, 'file'), 'x');
    expect(await refusal('file/b')).toContain('file/b LC_SOURCE_ABSENT there is no file /file/b.');
    await symlink('loop', join(folder, 'loop'));
    expect(await refusal('loop')).toContain('loop LC_SOURCE_UNREACHABLE /loop cannot be read.');
    const error: unknown = await create({ path: 'loop' })
      .source.load(signal)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ cause: { code: 'ELOOP' } });
  });
});

describe('a change is noticed', () => {
  test('when the file is written, with the same size and modification time too', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'one');
    const { text, becomes } = await started('a');
    expect(await text()).toBe('one');
    await writeFile(path, 'two');
    await becomes('two');
    await writeFile(path, 'six');
    await utimes(path, 1, 1);
    await becomes('six');
  });

  test('when it is replaced by a rename', async () => {
    await writeFile(join(folder, 'a'), 'one');
    const { text, becomes } = await started('a');
    expect(await text()).toBe('one');
    for (const next of ['two', 'six']) {
      await writeFile(join(folder, 'a.tmp'), next);
      await rename(join(folder, 'a.tmp'), join(folder, 'a'));
      await becomes(next);
    }
  });

  test('when it is deleted and made again', async () => {
    await writeFile(join(folder, 'a'), 'one');
    const { text, becomes } = await started('a');
    expect(await text()).toBe('one');
    await rm(join(folder, 'a'));
    await becomes('there is no file');
    await writeFile(join(folder, 'a'), 'two');
    await becomes('two');
  });

  test('when its folder appears later, and is replaced', async () => {
    const { text, becomes } = await started('new/deep/a');
    expect(await text()).toContain('there is no file');
    await mkdir(join(folder, 'new/deep'), { recursive: true });
    await writeFile(join(folder, 'new/deep/a'), 'one');
    await becomes('one');
    await rename(join(folder, 'new'), join(folder, 'old'));
    await mkdir(join(folder, 'new/deep'), { recursive: true });
    await writeFile(join(folder, 'new/deep/a'), 'two');
    await becomes('two');
  });

  test('when links are swapped as Kubernetes does for a ConfigMap', async () => {
    const version = async (name: string, content: string) => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'a.yaml'), content);
      await symlink(name, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await version('..1', 'a: 1');
    await symlink('..data/a.yaml', join(folder, 'a.yaml'));
    const { text, becomes } = await started('a.yaml');
    expect(await text()).toBe('a: 1');
    await version('..2', 'a: 2');
    await rm(join(folder, '..1'), { recursive: true });
    await becomes('a: 2');
    await version('..3', 'a: 3');
    await becomes('a: 3');
  });

  test('between start and load', async () => {
    await writeFile(join(folder, 'a'), 'one');
    const { text, becomes } = await started('a');
    await appendFile(join(folder, 'a'), ' more');
    expect(await text()).toBe('one more');
    await writeFile(join(folder, 'a'), 'two');
    await becomes('two');
  });

  test('and no other: nothing is told while the file stays the same', async () => {
    await writeFile(join(folder, 'a'), 'one');
    const { context, text } = await started('a');
    await text();
    await writeFile(join(folder, 'b'), 'beside it');
    await delay(800);
    expect(context.changes).toBe(0);
  });
});

test.each([true, false])(
  'a file written in pieces is read when it is whole (read meanwhile: %s)',
  {
    timeout: 30_000,
  },
  async (meanwhile) => {
    const path = join(folder, 'a');
    await writeFile(path, 'old');
    const { context, text, becomes } = await started('a');
    expect(await text()).toBe('old');
    const reads: Promise<string>[] = [];
    let longest = 0;
    let last = performance.now();
    const handle = await open(path, 'w');
    for (let piece = 0; piece < 20; piece++) {
      await handle.write(`${piece},`);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      if (meanwhile && piece % 5 === 0) reads.push(text());
      await delay(20);
    }
    await handle.close();
    const whole = Array.from({ length: 20 }, (_, piece) => `${piece},`).join('');
    if (meanwhile) expect((await Promise.all(reads)).at(-1)).toBe(whole);
    else await becomes(whole);
    // On a machine that was busy elsewhere the file has been quiet in between.
    if (longest > 80) return;
    expect(new Set(await Promise.all(reads)).size).toBeLessThanOrEqual(1);
    expect(context.changes).toBeLessThanOrEqual(1);
  },
);

test('a file that is never quiet is refused', { timeout: 30_000 }, async () => {
  const path = join(folder, 'a');
  await writeFile(path, 'x');
  const { source } = await started('a');
  let writing = true;
  const writer = (async () => {
    for (; writing; await delay(10)) await appendFile(path, 'x');
  })();
  const text = await textOf(source);
  writing = false;
  await writer;
  expect(text).toContain('it is written to all the time');
});

describe('ends', () => {
  test('stop is legal before start, during it, and twice; nothing is told after it', async () => {
    await writeFile(join(folder, 'a'), 'one');
    const idle = create({ path: 'a' });
    await idle.source.stop();
    await expect(idle.source.start(signal)).rejects.toThrow(/abort/);
    const early = create({ path: 'a' });
    const starting = early.source.start(signal);
    await early.source.stop();
    await expect(starting).rejects.toThrow(/abort/);
    const { source, context } = await started('a');
    await source.stop();
    await source.stop();
    await writeFile(join(folder, 'a'), 'two');
    await delay(600);
    expect([idle, early, { context }].map((one) => one.context.changes)).toEqual([0, 0, 0]);
  });

  test('stop ends a load', async () => {
    const { source } = await started('missing');
    const loading = source.load(signal);
    await source.stop();
    await expect(loading).rejects.toThrow(/abort/);
  });

  test('the signal ends start and load, with its reason', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const { source } = create({ path: 'missing' });
    const loading = source.load(controller.signal);
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
    await expect(source.start(controller.signal)).rejects.toBe(reason);
    await expect(source.load(controller.signal)).rejects.toBe(reason);
    // It can be used after that.
    await source.start(signal);
    expect(await textOf(source)).toContain('there is no file');
  });

  test('nothing is left: a process that has stopped its source ends', { timeout: 60_000 }, async () => {
    await writeFile(join(folder, 'a'), 'one');
    const script = `
      const { default: plugin } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      const context = { resolve: () => ${JSON.stringify(join(folder, 'a'))}, changed() {} };
      const source = plugin.definition.create({ path: 'a' }, context);
      const { signal } = new AbortController();
      await source.start(signal);
      console.log((await source.load(signal)).document.text);
      await source.stop();`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 50_000 });
    expect((await run).stdout).toBe('one\n');
  });
});
