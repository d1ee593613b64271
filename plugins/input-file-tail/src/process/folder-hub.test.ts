import { EventEmitter } from 'node:events';
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type FSWatcher, watch } from 'chokidar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../fixtures/hand-clock.ts';
import { disk } from '../machine/disk.ts';
import type { Interest } from './folder.ts';
import { FolderHub } from './folder-hub.ts';
import type { Listen, Listener } from './listen.ts';

let folder: string;
let hub: FolderHub;
let watchers: FakeWatcher[];
let ending: (() => Promise<void>)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-hub-'));
  watchers = [];
  ending = [];
  hub = new FolderHub({ tuning: { poll: 5, unwatched: 150 }, startWatch: fakeWatch });
});

afterEach(async () => {
  await Promise.all(ending.map((end) => end()));
  expect(watchers.every(({ closed }) => closed)).toBe(true);
  await rm(folder, { recursive: true, force: true });
});

class FakeWatcher extends EventEmitter {
  readonly path: string;
  closed = false;

  constructor(path: string) {
    super();
    this.path = path;
  }

  async close(): Promise<void> {
    this.removeAllListeners();
    await delay(1);
    this.closed = true;
  }
}

const fakeWatch = ((path: string) => {
  const watcher = new FakeWatcher(path);
  watchers.push(watcher);
  return watcher as unknown as FSWatcher;
}) as typeof watch;

const at = (name: string) => join(folder, name);

/** Subscribes, and lists what is told. */
function subscribe(interest: Interest, path = folder, watch = true) {
  const told: string[] = [];
  const name = (file: string) => file.slice(folder.length + 1);
  const end = hub.subscribe(path, {
    interest,
    watch,
    blind: () => told.push('blind'),
    moved: (file) => told.push(`moved ${name(file)}`),
    written: (file) => told.push(`written ${name(file)}`),
    changed: () => told.push('changed'),
    structure: () => told.push('structure'),
    watching: (error) => told.push(error ? `not watching: ${error.message}` : 'watching'),
  });
  ending.push(end);
  return { end, told, taken: () => told.splice(0) };
}

const named = (...names: string[]): Interest => ({ paths: names.map(at) });
const matching = (end: string): Interest => ({ matches: (path) => path.endsWith(end) });

async function until(what: () => unknown): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`);
    await delay(2);
  }
}

describe('sharing', () => {
  test('a folder has one watcher, and the last one that leaves closes it', async () => {
    const one = subscribe(named('a'));
    const two = subscribe(matching('.log'));
    expect(watchers).toHaveLength(1);
    await one.end();
    await one.end();
    expect(watchers[0]?.closed).toBe(false);
    await two.end();
    expect(watchers[0]?.closed).toBe(true);
    subscribe(named('a'));
    expect(watchers).toHaveLength(2);
  });

  test('folders do not concern each other', async () => {
    await mkdir(at('other'));
    const one = subscribe(named('a'));
    const two = subscribe(named('a'), at('other'));
    expect(watchers.map(({ path }) => path)).toEqual([folder, at('other')]);
    watchers[0]?.emit('add', at('a'));
    expect([one.taken(), two.taken()]).toEqual([['moved a'], []]);
  });

  test('one that comes later is told to look, and that watching fails', () => {
    subscribe(named('a'));
    watchers[0]?.emit('error', Object.assign(new Error('no more'), { code: 'ENOSPC' }));
    expect(subscribe(named('b')).taken()).toEqual(['changed', 'not watching: no more']);
  });

  test('one that has left is told nothing', async () => {
    const one = subscribe(named('a'));
    const two = subscribe(named('a'));
    two.taken();
    await two.end();
    watchers[0]?.emit('change', at('a'));
    expect([one.taken(), two.taken()]).toEqual([['written a'], []]);
  });
});

describe('routing', () => {
  test('an event goes to those that want that path, and to those with a pattern that matches', () => {
    const a = subscribe(named('a.log', 'c'));
    const b = subscribe(named('b.txt'));
    const logs = subscribe(matching('.log'));
    for (const { told } of [a, b, logs]) told.length = 0;
    const [watcher] = watchers;
    watcher?.emit('add', at('a.log'));
    watcher?.emit('change', at('b.txt'));
    watcher?.emit('unlink', at('x.log'));
    watcher?.emit('change', at('c'));
    watcher?.emit('add', at('nobody'));
    expect([a, b, logs].map(({ taken }) => taken())).toEqual([
      ['moved a.log', 'written c'],
      ['written b.txt'],
      // Of writes it is told without a look at its pattern.
      ['moved a.log', 'written b.txt', 'moved x.log', 'written c'],
    ]);
  });

  test('folders concern those with patterns, the folder itself all', () => {
    const a = subscribe(named('a'));
    const logs = subscribe(matching('.log'));
    logs.taken();
    watchers[0]?.emit('addDir', at('sub'));
    expect([a.taken(), logs.taken()]).toEqual([[], ['structure']]);
    watchers[0]?.emit('unlinkDir', at('a'));
    expect([a.taken(), logs.taken()]).toEqual([['structure'], ['structure']]);
    watchers[0]?.emit('unlinkDir', folder);
    expect([a.taken(), logs.taken()]).toEqual([
      ['blind', 'structure'],
      ['blind', 'structure'],
    ]);
  });

  test('when it is set up all are to look', () => {
    const a = subscribe(named('a'));
    const logs = subscribe(matching('.log'));
    logs.taken();
    watchers[0]?.emit('ready');
    expect([a.taken(), logs.taken()]).toEqual([['moved a'], ['changed']]);
  });

  test('by chokidar: what is not wanted is not told, what is wanted later is', async () => {
    hub = new FolderHub({ tuning: { poll: 5 }, startWatch: watch });
    for (const name of ['a', 'b', 'c']) await writeFile(at(name), '');
    const a = subscribe(named('a'));
    await until(() => a.told.includes('moved a'));
    await delay(100);
    const b = subscribe(named('b'));
    a.taken();
    for (const name of ['a', 'b', 'c']) await appendFile(at(name), 'x');
    await until(() => a.told.includes('written a') && b.told.includes('moved b'));
    await delay(100);
    await appendFile(at('b'), 'x');
    await until(() => b.told.includes('written b'));
    expect(a.told).toEqual(['written a']);
  });
});

/** Listens to what {@link hear} says. */
class Ears {
  readonly open = new Map<string, Listener>();
  readonly listen: Listen = (path, listener) => {
    this.open.set(path, listener);
    return () => void this.open.delete(path);
  };
  get ear(): Listener | undefined {
    return this.open.get(folder);
  }
}

describe('a folder with many events', () => {
  let clock: HandClock;
  let ears: Ears;

  beforeEach(() => {
    clock = new HandClock();
    ears = new Ears();
    hub = new FolderHub({ clock, startWatch: fakeWatch, listen: ears.listen });
  });

  async function busy() {
    const a = subscribe(named('a', 'b'));
    const logs = subscribe(matching('.log'));
    watchers[0]?.emit('ready');
    for (let i = 0; i < 10; i++) watchers[0]?.emit('change', at('a'));
    a.taken();
    logs.taken();
    watchers[0]?.emit('change', at('a'));
    return { a, logs, first: [a.taken(), logs.taken()] };
  }

  test('is listened to instead', async () => {
    const { a, logs, first } = await busy();
    expect(hub.wayOf(folder)).toBe('heard');
    // chokidar may have heard of a new file or a write, and not yet have told.
    expect(first[1]).toEqual(['written a', 'blind', 'changed']);
    ears.ear?.written('a');
    ears.ear?.written('x.log');
    ears.ear?.entry('b');
    ears.ear?.entry('y.log');
    expect([a.taken(), logs.taken()]).toEqual([
      ['written a', 'moved b'],
      ['written a', 'written x.log', 'moved y.log'],
    ]);
  });

  test('tells of folders in it, and of its own end', async () => {
    const { a, logs } = await busy();
    await mkdir(at('sub'));
    ears.ear?.entry('sub');
    expect([a.taken(), logs.taken()]).toEqual([[], ['structure']]);
    await rename(folder, `${folder}-old`);
    await mkdir(folder);
    ears.ear?.entry(folder.slice(tmpdir().length + 1));
    await rm(`${folder}-old`, { recursive: true });
    expect([a, logs].map(({ taken }) => taken())).toEqual([
      ['blind', 'structure'],
      ['blind', 'structure'],
    ]);
    expect(ears.ear).toBeUndefined();
  });

  test('is watched again when it was quiet for a minute, and listened to until that is set up', async () => {
    await busy();
    hub.recheck(folder);
    expect(watchers).toHaveLength(1);
    await clock.pass(60_000);
    hub.recheck(folder);
    expect([hub.wayOf(folder), watchers.length]).toEqual(['heard', 2]);
    watchers[1]?.emit('ready');
    expect([hub.wayOf(folder), ears.ear]).toEqual(['watched', undefined]);
  });

  test('is listened to once where it becomes busy again before its watcher is set up', async () => {
    await busy();
    const { ear } = ears;
    await clock.pass(60_000);
    hub.recheck(folder);
    for (let i = 0; i < 11; i++) watchers[1]?.emit('change', at('a'));
    expect(hub.wayOf(folder)).toBe('heard');
    expect(ears.ear).toBe(ear);
  });

  test('about few files is polled, and listened to again after a minute', async () => {
    const { a, logs } = await busy();
    while (hub.wayOf(folder) === 'heard') ears.ear?.written('a');
    expect([a.taken().at(-1), logs.taken().at(-1)]).toEqual(['blind', 'blind']);
    await writeFile(at('b'), '');
    await clock.pass(1_000);
    // Only those are told whose file is another one.
    expect(a.taken()).toEqual(['moved b']);
    expect(logs.taken()[0]).toBe('changed');
    await clock.pass(60_000);
    expect([hub.wayOf(folder), watchers.length]).toEqual(['heard', 1]);
  });

  test('that cannot be listened to is polled', async () => {
    hub = new FolderHub({
      clock,
      startWatch: fakeWatch,
      listen: () => {
        throw Object.assign(new Error('no more'), { code: 'EMFILE' });
      },
    });
    const { first } = await busy();
    expect(first[0]).toEqual(['written a', 'blind', 'not watching: no more']);
    expect(hub.wayOf(folder)).toBe('polled');
    expect(subscribe(named('c')).taken()).toEqual(['changed', 'not watching: no more']);
  });

  test('is listened to by what the system has', async () => {
    hub = new FolderHub({ tuning: { poll: 5 }, startWatch: fakeWatch });
    const { a, logs } = await (async () => {
      const a = subscribe(named('a'));
      const logs = subscribe(matching('.log'));
      watchers[0]?.emit('ready');
      for (let i = 0; i < 11; i++) watchers[0]?.emit('change', at('a'));
      a.taken();
      logs.taken();
      return { a, logs };
    })();
    await writeFile(at('a'), 'x');
    await until(() => a.told.includes('moved a') && a.told.includes('written a'));
    await appendFile(at('x.log'), 'x');
    await until(() => logs.told.includes('moved x.log') && logs.told.includes('written x.log'));
  });
});

describe('a folder that is not watched', () => {
  test('because it is not there, is watched when it comes, and again when another comes in its place', async () => {
    const sub = subscribe(named('sub/a'), at('sub'));
    expect(watchers).toHaveLength(0);
    await mkdir(at('sub'));
    await until(() => watchers.length === 1);
    expect(sub.taken()).toContain('structure');
    watchers[0]?.emit('ready');
    await until(() => hub.wayOf(at('sub')) === 'watched');
    await rename(at('sub'), at('old'));
    await mkdir(at('sub'));
    watchers[0]?.emit('unlinkDir', at('sub'));
    expect(hub.wayOf(at('sub'))).toBe('polled');
    await until(() => watchers.length === 2);
  });

  test('because nobody wants that, is polled', async () => {
    const a = subscribe(named('a'), folder, false);
    await writeFile(at('a'), '');
    await until(() => a.told.includes('moved a'));
    expect(watchers).toHaveLength(0);
    const b = subscribe(named('b'));
    expect(watchers).toHaveLength(1);
    watchers[0]?.emit('error', Object.assign(new Error('no more'), { code: 'EMFILE' }));
    expect([a, b].map(({ told }) => told.includes('not watching: no more'))).toEqual([false, true]);
  });

  test('is looked at once more after each change, whatever its time is: also for what came before somebody subscribed', async () => {
    const clock = new HandClock();
    const tomorrow = clock.wallTime() + 86_400_000;
    let modified = tomorrow;
    const stat = () => ({ kind: 'folder', dev: 1n, ino: 1n, size: 0, birth: null, modified }) as const;
    hub = new FolderHub({ clock, disk: { ...disk, stat } });
    const logs = subscribe(matching('.log'), folder, false);
    await clock.pass(1_000);
    expect(logs.taken()).toEqual(['changed']);
    modified++;
    await clock.pass(1_000);
    expect(logs.taken()).toEqual(['changed', 'changed']);
  });

  test('where watching fails is polled, and all are told when it works again', async () => {
    const a = subscribe(named('a'));
    const b = subscribe(named('b'));
    b.taken();
    watchers[0]?.emit('error', Object.assign(new Error('no more'), { code: 'EMFILE' }));
    expect([a.taken(), b.taken()]).toEqual([
      ['blind', 'not watching: no more'],
      ['blind', 'not watching: no more'],
    ]);
    await writeFile(at('a'), '');
    await until(() => a.told.includes('moved a'));
    await until(() => watchers.length === 2);
    watchers[1]?.emit('ready');
    expect([a.told, b.told].map((told) => told.includes('watching'))).toEqual([true, true]);
  });

  test('other errors are not told: it is polled', async () => {
    const a = subscribe(named('a'));
    watchers[0]?.emit('error', new Error('strange'));
    await writeFile(at('a'), '');
    await until(() => a.told.includes('moved a'));
    expect(a.told.some((text) => text.includes('watching'))).toBe(false);
  });
});
