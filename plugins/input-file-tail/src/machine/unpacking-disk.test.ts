import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { HandClock } from '../fixtures/hand-clock.ts';
import { MemoryDisk } from '../fixtures/memory-disk.ts';
import { UnpackingDisk } from './unpacking-disk.ts';

test('what is known of an archive is forgotten when that is gone', async () => {
  const clock = new HandClock();
  const memory = new MemoryDisk(clock, { births: true, latency: 0, loses: 0 }, ['/logs', '/out']);
  const reads: (() => Promise<boolean>)[] = [];
  const disk = new UnpackingDisk(memory, {
    clock,
    once: true,
    stopping: new AbortController().signal,
    known: () => [],
    ends: () => [],
    wants: async () => true,
    unpack: (_, read) => void reads.push(read),
  });
  /** Whether it can be opened, or has to be read through first. */
  const opens = async (path: string) => {
    const handle = await disk.open(path).catch(() => undefined);
    await handle?.close();
    return handle?.archive?.length;
  };
  const unpacked = async (path: string) => {
    expect(await opens(path)).toBeUndefined();
    expect(await reads.pop()!()).toBe(true);
    return opens(path);
  };
  const names = ['a', ...Array.from({ length: 40 }, (_, i) => `${i}`)];
  for (const name of names) memory.create(`/logs/${name}.gz`).content = gzipSync(`${name}\n`);
  expect(await unpacked('/logs/a.gz')).toBe(2);
  memory.rename('/logs/a.gz', '/out/a.gz');
  for (const name of names.slice(1)) await unpacked(`/logs/${name}.gz`);
  memory.rename('/out/a.gz', '/logs/a.gz');
  for (const name of names.slice(1)) expect(await opens(`/logs/${name}.gz`)).toBeGreaterThan(1);
  expect(await unpacked('/logs/a.gz')).toBe(2);
  expect(memory.handles).toBe(0);
});
