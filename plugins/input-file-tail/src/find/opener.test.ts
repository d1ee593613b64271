import { fakeInputContext } from '@logcatch/testing';
import { expect, test } from 'vitest';
import { HandClock } from '../fixtures/hand-clock.ts';
import { MemoryDisk } from '../fixtures/memory-disk.ts';
import { FileTail } from '../input.ts';
import { options } from '../options.ts';
import { Process } from '../process/process.ts';

test('many inputs that start together never have more files open than there may be, but for the few being opened', async () => {
  const clock = new HandClock();
  const disk = new MemoryDisk(clock, { births: true, latency: 3, loses: 0 }, ['/logs']);
  const process = new Process({ clock, disk, startWatch: disk.startWatch, mostHandles: 8 });
  let most = 0;
  const { open } = disk;
  disk.open = async (path) => {
    const handle = await open.call(disk, path);
    most = Math.max(most, disk.handles);
    return handle;
  };
  const inputs = Array.from({ length: 100 }, (_, i) => {
    disk.append(disk.create(`/logs/${i}.log`), 'line\n');
    return new FileTail(options.parse({ paths: `${i}.log` }), fakeInputContext({ folder: '/logs' }), process);
  });
  const { signal } = new AbortController();
  const started = Promise.all(inputs.map((input) => input.start(signal)));
  await clock.pass(1_000);
  await started;
  expect(most).toBeLessThanOrEqual(8 + 4);
  await Promise.all(inputs.map((input) => input.stop()));
  expect(disk.handles).toBe(0);
});
