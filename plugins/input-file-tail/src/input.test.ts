import { readdirSync, readlinkSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Batch, Source } from '@logcatch/plugin-api';
import { type FakeInputContext, fakeInputContext, type MemorySources } from '@logcatch/testing';
import { watch } from 'chokidar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fileTail from './index.ts';
import { FileTail, type Injected } from './input.ts';
import type { Tuning } from './tuning.ts';

const quick: Partial<Tuning> = { poll: 5, idlePoll: 20, rescan: 200, renamedGrace: 300, deletedGrace: 200 };

let folder: string;
let lives: Life[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-tail-'));
  lives = [];
});

afterEach(async () => {
  await Promise.all(lives.map((life) => life.stop()));
  expect(openIn(folder)).toEqual([]);
  for (const { ctx } of lives) expect(ctx.buffers.used).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string) => join(folder, name);

/** Files below a folder that this process has open. */
function openIn(path: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(path) ? [target] : [];
    } catch {
      return [];
    }
  });
}

async function until(what: () => unknown): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`);
    await delay(5);
  }
}

interface Setup extends Injected {
  readonly sources?: MemorySources;
  readonly once?: boolean;
  readonly firstStart?: boolean;
  readonly maxRecords?: number;
}

/** One life of an input. */
class Life {
  readonly ctx: FakeInputContext;
  readonly input: FileTail;
  readonly lines: string[] = [];
  readonly batches: Pick<Batch, 'source' | 'start' | 'end' | 'count'>[] = [];
  ended = false;
  error: unknown;
  /** Whether batches count as delivered. */
  settles = true;
  readonly #stopping = new AbortController();
  #pumping: Promise<void> | undefined;

  constructor(options: Record<string, unknown>, { tuning = quick, startWatch, ...context }: Setup = {}) {
    this.ctx = fakeInputContext({ folder, ...context });
    const parsed = fileTail.definition.options.parse(options);
    this.input = new FileTail(parsed, this.ctx, { tuning, ...(startWatch && { startWatch }) });
    lives.push(this);
  }

  async start(): Promise<this> {
    await this.input.start(this.#stopping.signal);
    return this;
  }

  /** Reads on and on, as the engine does. */
  pump(): this {
    this.#pumping = (async () => {
      try {
        for (let batch = await this.read(); batch; batch = await this.read()) this.take(batch);
        this.ended = true;
      } catch (error) {
        this.error = error;
      }
    })();
    return this;
  }

  read(): Promise<Batch | null> {
    return this.input.read(this.#stopping.signal);
  }

  take(batch: Batch): void {
    const { source, start, end, count } = batch;
    for (const record of batch) this.lines.push(record.text);
    this.batches.push({ source, start, end, count });
    if (this.settles) this.ctx.sources.settle(source, end);
    batch.chunk.release();
  }

  get sources(): Source[] {
    return [...new Set(this.ctx.sources.events.map(({ source }) => source))];
  }

  events(): string[] {
    return this.ctx.sources.events.map(({ event, path }) => `${event} ${path.slice(folder.length + 1)}`);
  }

  logged(text: string): boolean {
    return this.ctx.log.lines.some(({ message }) => message.includes(text));
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the test stops'));
    await this.input.stop();
    await this.#pumping;
  }

  /** Stops, and gives the positions to the next life. */
  async restart(options: Record<string, unknown>, setup: Setup = {}): Promise<Life> {
    await this.stop();
    this.ctx.sources.restart();
    return new Life(options, { firstStart: false, ...setup, sources: this.ctx.sources }).start();
  }
}

const logs = { paths: ['*.log'] };

describe('following', () => {
  test('ships what is there and what is appended, whole lines only', async () => {
    await writeFile(at('a.log'), 'one\r\ntwo\nthr');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    await appendFile(at('a.log'), 'ee\nfour\n');
    await until(() => life.lines.length === 4);
    expect(life.lines).toEqual(['one', 'two', 'three', 'four']);
    let position = 0;
    for (const { start, end } of life.batches) {
      expect(start).toBe(position);
      position = end;
    }
    expect(position).toBe(20);
  });

  test('finds files and folders that appear later, and reads them from their beginning', async () => {
    const life = (await new Life({ paths: ['logs/**/*.log', 'other/x.log'], from: 'end' }).start()).pump();
    expect(life.logged('waiting for')).toBe(true);
    await mkdir(at('logs/deep/er'), { recursive: true });
    await writeFile(at('logs/deep/er/a.log'), 'a\n');
    await until(() => life.lines.includes('a'));
    await mkdir(at('other'));
    await writeFile(at('other/x.log'), 'x\n');
    await until(() => life.lines.includes('x'));
  });

  test('opens a new file within 100 ms in a watched folder, and within 100 ms in one that is too busy to be watched', async () => {
    await writeFile(at('busy.log'), '');
    const life = (await new Life(logs, { tuning: { rescan: 60_000 } }).start()).pump();
    await delay(300);
    const opened = async (name: string) => {
      const began = performance.now();
      await writeFile(at(name), '');
      await until(() => life.events().includes(`found ${name}`));
      return performance.now() - began;
    };
    expect(await opened('first.log')).toBeLessThan(100);
    for (let i = 0; i < 150; i++) {
      await appendFile(at('busy.log'), 'x\n');
      await appendFile(at('first.log'), 'x\n');
      await delay(5);
    }
    expect(await opened('second.log')).toBeLessThan(100);
    await until(() => life.lines.length === 300);
  });

  test('many inputs of one folder: each gets its own file, a new and a rotated one within 100 ms', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `${i}.log`);
    for (const name of names.slice(1)) await writeFile(at(name), `${name}\n`);
    const inputs = await Promise.all(
      names.map(async (name) => (await new Life({ paths: [name] }, { tuning: { rescan: 60_000 } }).start()).pump()),
    );
    await delay(300);
    const shipped = async (life: Life, line: string) => {
      const began = performance.now();
      await until(() => life.lines.includes(line));
      return performance.now() - began;
    };
    for (const round of ['watched', 'busy']) {
      await rm(at('0.log'), { force: true });
      await delay(100);
      await writeFile(at('0.log'), `new ${round}\n`);
      expect(await shipped(inputs[0]!, `new ${round}`)).toBeLessThan(100);
      await rename(at('1.log'), at('1.old'));
      await writeFile(at('1.log'), `rotated ${round}\n`);
      expect(await shipped(inputs[1]!, `rotated ${round}`)).toBeLessThan(100);
      for (let i = 0; i < 50; i++) for (const name of names.slice(2, 5)) await appendFile(at(name), 'x\n');
      await delay(100);
    }
    for (const [i, { lines }] of inputs.entries()) {
      expect(lines).toHaveLength(i === 0 ? 2 : i === 1 ? 3 : i < 5 ? 101 : 1);
    }
  });

  test('from: end skips what is there at the first start, and nothing else', async () => {
    await writeFile(at('a.log'), 'old\nol');
    const life = (await new Life({ ...logs, from: 'end' }).start()).pump();
    await writeFile(at('b.log'), 'b\n');
    await appendFile(at('a.log'), 'd\nnew\n');
    await until(() => life.lines.length === 3);
    expect(life.lines.toSorted()).toEqual(['b', 'd', 'new']);
    const next = (await life.restart({ ...logs, from: 'end' })).pump();
    await writeFile(at('c.log'), 'c\n');
    await until(() => next.lines.length === 1);
    expect(next.lines).toEqual(['c']);
  });

  test('takes turns between files, and never more records than a batch may hold', async () => {
    await writeFile(at('a.log'), 'a\n'.repeat(10));
    await writeFile(at('b.log'), 'b\n'.repeat(10));
    const life = (await new Life(logs, { maxRecords: 4 }).start()).pump();
    await until(() => life.lines.length === 20);
    expect(life.batches.map(({ count }) => count)).toEqual([4, 4, 4, 4, 2, 2]);
    expect(life.lines.slice(0, 8).join('')).toBe('aaaabbbb');
  });

  test('reads a line longer than a chunk, and splits one that is too long', async () => {
    const long = 'x'.repeat(900_000);
    await writeFile(at('a.log'), `${long}\nshort\n${long}${long}\nend\n`);
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.at(-1) === 'end');
    expect(life.lines.map((line) => line.length)).toEqual([900_000, 5, 1_000_000, 800_000, 3]);
    expect(life.logged('longer than max_line_bytes')).toBe(true);
  });

  test('leaves out what is excluded, hidden, a folder, or not a file', async () => {
    await mkdir(at('folder.log'));
    await Promise.all(['a.log', 'a.tmp.log', '.hidden.log'].map((name) => writeFile(at(name), `${name}\n`)));
    const life = (await new Life({ ...logs, exclude: ['*.tmp.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.events()).toEqual(['found a.log']);
    expect(life.ctx.degradedBy).toBe(null);
  });

  test('reads a file once, however many paths lead to it', async () => {
    await writeFile(at('a.log'), 'one\n');
    await symlink(at('a.log'), at('link.log'));
    const life = (await new Life(logs).start()).pump();
    await appendFile(at('a.log'), 'two\n');
    await until(() => life.lines.length === 2);
    expect(life.events()).toEqual(['found a.log']);
  });

  test('does not read its own data_dir', async () => {
    await mkdir(at('.logcatch'));
    await writeFile(at('.logcatch/own.log'), 'own\n');
    await writeFile(at('a.log'), 'a\n');
    const life = (await new Life({ paths: ['.logcatch/*.log', '*.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.events()).toEqual(['found a.log']);
    expect(life.logged('LC_INPUT_OWN_FILES')).toBe(true);
  });

  test('says what it cannot read, reads the others, and tries again', async () => {
    await mkdir(at('named'));
    await writeFile(at('a.log'), 'a\n');
    const life = (await new Life({ paths: ['named', '*.log'] }).start()).pump();
    await until(() => life.lines.length === 1);
    expect(life.ctx.degradedBy).toContain('LC_INPUT_NOT_A_FILE');
    await rm(at('named'), { recursive: true });
    await writeFile(at('named'), 'n\n');
    await until(() => life.lines.length === 2);
    await until(() => life.ctx.degradedBy === null);
  });

  test.skipIf(process.getuid?.() === 0)('reads a file when it becomes readable', async () => {
    await writeFile(at('a.log'), 'a\n', { mode: 0 });
    const life = (await new Life(logs).start()).pump();
    await until(() => life.ctx.degradedBy?.includes('LC_INPUT_UNREADABLE'));
    await chmod(at('a.log'), 0o600);
    await until(() => life.lines.length === 1 && life.ctx.degradedBy === null);
  });

  test('goes on without inotify, and says so once', async () => {
    const startWatch: typeof watch = (...args) => {
      const watcher = watch(...args);
      const error = Object.assign(new Error('System limit for number of file watchers reached'), { code: 'ENOSPC' });
      queueMicrotask(() => watcher.emit('error', error));
      return watcher;
    };
    const life = (await new Life(logs, { tuning: { ...quick, rescan: 60_000 }, startWatch }).start()).pump();
    await writeFile(at('a.log'), 'a\n');
    await until(() => life.lines.length === 1);
    expect(life.ctx.degradedBy).toContain('polled instead');
  });
});

describe('rotation', () => {
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
    await delay(quick.renamedGrace! * 2);
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

  test('a rotated file stays open until all of it has settled', async () => {
    await writeFile(at('app.log'), 'one\n');
    const life = await new Life(logs).start();
    life.settles = false;
    life.pump();
    await until(() => life.lines.length === 1);
    await rm(at('app.log'));
    await delay(quick.deletedGrace! * 2);
    life.settles = true;
    life.input.rewind(life.sources[0]!, 0);
    await until(() => life.lines.length === 2 && life.events().includes('gone app.log'));
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

describe('a restart', () => {
  test('goes on where everything has settled', async () => {
    await writeFile(at('a.log'), 'one\ntwo\n');
    const life = await new Life(logs, { maxRecords: 1 }).start();
    life.take((await life.read())!);
    const next = (await life.restart(logs)).pump();
    await appendFile(at('a.log'), 'three\n');
    await until(() => next.lines.length === 2);
    expect(next.lines).toEqual(['two', 'three']);
  });

  test('tells renamed, truncated, replaced and new files apart', async () => {
    for (const name of ['renamed', 'truncated', 'replaced']) await writeFile(at(`${name}.log`), `${name} before\n`);
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 3);
    await life.stop();
    await rename(at('renamed.log'), at('renamed-1.log'));
    await appendFile(at('renamed-1.log'), 'renamed after\n');
    await writeFile(at('renamed.log'), 'new\n');
    await truncate(at('truncated.log'));
    await appendFile(at('truncated.log'), 'truncated after\n');
    await writeFile(at('other'), 'replaced after\n');
    await rename(at('other'), at('replaced.log'));
    const next = (await life.restart(logs)).pump();
    await until(() => next.lines.length === 4);
    expect(next.lines.toSorted()).toEqual(['new', 'renamed after', 'replaced after', 'truncated after']);
    expect(next.events()).toContain('truncated truncated.log');
    expect(next.events()).toContain('replaced replaced.log');
  });

  test('reads to its end a file that was renamed away, and forgets one that was deleted', async () => {
    await writeFile(at('app.log'), 'one\n');
    await writeFile(at('gone.log'), 'gone\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    await life.stop();
    await appendFile(at('app.log'), 'two\nunfinished');
    await rename(at('app.log'), at('app.1'));
    await writeFile(at('app.log'), 'three\n');
    await rm(at('gone.log'));
    const next = (await life.restart(logs)).pump();
    await until(() => next.lines.length === 3 && next.events().includes('gone app.log'));
    expect(next.lines.toSorted()).toEqual(['three', 'two', 'unfinished']);
    expect(next.events()).toContain('gone gone.log');
  });

  test('keeps the position of a file that is only not matched any more', async () => {
    await writeFile(at('a.log'), 'one\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 1);
    const without = await life.restart({ paths: ['b*.log'] });
    expect(without.ctx.sources.known()).toHaveLength(1);
    const again = (await without.restart(logs)).pump();
    await appendFile(at('a.log'), 'two\n');
    await until(() => again.lines.length === 1);
    expect(again.lines).toEqual(['two']);
  });
});

describe('flow control', () => {
  test('a paused source gives nothing until it is resumed; others go on', async () => {
    await writeFile(at('a.log'), 'a\n');
    const life = await new Life(logs).start();
    const [source] = life.sources;
    life.input.pause(source!);
    life.input.pause(source!);
    await writeFile(at('b.log'), 'b\n');
    life.pump();
    await until(() => life.lines.length === 1);
    expect(life.lines).toEqual(['b']);
    life.input.resume(source!);
    life.input.resume(source!);
    await until(() => life.lines.length === 2);
  });

  test('a read in flight is thrown away by pause and rewind', async () => {
    await writeFile(at('a.log'), 'one\ntwo\n');
    const life = await new Life(logs, { maxRecords: 1 }).start();
    const [source] = life.sources;
    life.take((await life.read())!);
    const pending = life.read();
    life.input.rewind(source!, 0);
    const batch = (await pending)!;
    expect(batch.start).toBe(0);
    life.take(batch);
    const second = life.read();
    life.input.pause(source!);
    await delay(50);
    expect(life.ctx.buffers.used).toBe(0);
    life.input.resume(source!);
    life.take((await second)!);
    expect(life.lines).toEqual(['one', 'one', 'two']);
  });

  test('rewound into the middle of a line, it gives the rest', async () => {
    await writeFile(at('a.log'), 'one\ntwo\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    life.input.rewind(life.sources[0]!, 5);
    await until(() => life.lines.length === 3);
    expect(life.lines).toEqual(['one', 'two', 'wo']);
    expect(life.batches.at(-1)).toMatchObject({ start: 5, end: 8 });
  });

  test('waits for memory, and gives up waiting when aborted', async () => {
    await writeFile(at('a.log'), 'a\n');
    const life = await new Life(logs).start();
    const taken = life.ctx.buffers.take(life.ctx.buffers.budget);
    const aborting = new AbortController();
    const reading = life.input.read(aborting.signal);
    aborting.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    taken.release();
    life.take((await life.read())!);
    expect(life.lines).toEqual(['a']);
  });

  test('a pending read rejects with the reason of the signal', async () => {
    const life = await new Life(logs).start();
    const aborting = new AbortController();
    const reading = life.input.read(aborting.signal);
    aborting.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await expect(life.input.read(aborting.signal)).rejects.toThrow('enough');
  });

  test('stop is legal before and during start, and twice', async () => {
    await writeFile(at('a.log'), 'a\n');
    const never = new Life(logs);
    await never.stop();
    await never.stop();
    await expect(never.start()).rejects.toThrow();
    const during = new Life(logs);
    const starting = during.start();
    await during.input.stop();
    await expect(starting).rejects.toThrow('the input stops');
  });
});

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
