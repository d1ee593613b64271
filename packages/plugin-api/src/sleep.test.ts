import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sleep } from './sleep.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('ends in time, and no listener stays', async () => {
  const { signal } = new AbortController();
  const over = vi.fn();
  const sleeping = sleep(100, signal).then(over);
  await vi.advanceTimersByTimeAsync(99);
  expect(over).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('ends when the signal aborts, or has, and no timer stays', async () => {
  const stopping = new AbortController();
  const sleeping = sleep(100, stopping.signal);
  stopping.abort();
  await sleeping;
  await sleep(100, stopping.signal);
  expect(vi.getTimerCount()).toBe(0);
});
