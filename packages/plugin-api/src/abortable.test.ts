import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { abortable } from './abortable.ts';

test('the outcome of the promise, and no listener stays', async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(1), signal)).toBe(1);
  await expect(abortable(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('the reason of the signal when it comes first, and what the promise does then is not unhandled', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const stopping = new AbortController();
  const late = Promise.withResolvers<void>();
  const waiting = abortable(late.promise, stopping.signal);
  stopping.abort(new Error('stops'));
  await expect(waiting).rejects.toThrow('stops');
  const later = Promise.withResolvers<void>();
  await expect(abortable(later.promise, stopping.signal)).rejects.toThrow('stops');
  for (const { reject } of [late, later]) reject(new Error('too late'));
  await setImmediate();
  expect(unhandled).toEqual([]);
});
