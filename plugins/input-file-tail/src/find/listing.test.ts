import { expect, test } from 'vitest';
import { HandClock } from '../fixtures/hand-clock.ts';
import { MemoryDisk } from '../fixtures/memory-disk.ts';
import { Slices } from '../machine/slices.ts';
import { listing } from './listing.ts';

test('a folder with very many files does not hold up others while it is listed', async () => {
  const disk = new MemoryDisk(new HandClock(), { births: true, latency: 0, loses: 0 }, ['/logs']);
  for (let i = 0; i < 1_000; i++) disk.create(`/logs/${i}`);
  let turns = 0;
  const clock = { turn: async () => void turns++ };
  expect((await listing(disk, '/logs', new Slices(clock))).files.size).toBe(1_000);
  expect(turns).toBe(3);
});
