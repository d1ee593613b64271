import { fakeConfigContext } from '@logcatch/testing';
import { expect, test, vi } from 'vitest';
import { options } from './options.ts';
import { EtcdSource } from './source.ts';
import { tuning } from './tuning.ts';

// Nothing listens on port 1.
const given = options.parse({ endpoints: '127.0.0.1:1', key: '/k', username: 'u', password: { file: 'secret.txt' } });
const { signal } = new AbortController();

test('etcd is away: loading says so, with what to do, and without the password', async () => {
  const source = new EtcdSource(given, fakeConfigContext());
  await source.start(signal);
  const error = await source.load(signal).catch((error: unknown) => error);
  expect(error).toMatchObject({
    code: 'LC_SOURCE_UNREACHABLE',
    message: 'etcd at http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
  });
  await source.stop();
});

test('a password that cannot be read is the reason', async () => {
  const context = Object.assign(fakeConfigContext(), {
    secret: async () => Promise.reject(new Error('ENOENT: secret.txt')),
  });
  const source = new EtcdSource(given, context);
  await source.start(signal);
  await expect(source.load(signal)).rejects.toThrow('etcd at http://127.0.0.1:1: ENOENT: secret.txt');
  await source.stop();
});

test('hints to load again come although nothing happens, until it stops', async () => {
  const context = fakeConfigContext();
  const source = new EtcdSource(given, context, { ...tuning, refresh: 5 });
  await source.start(signal);
  await vi.waitFor(() => expect(context.changes).toBeGreaterThan(2));
  await source.stop();
  const { changes } = context;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(context.changes).toBe(changes);
});

test('stop is legal before start, and twice; there is no start after it', async () => {
  const source = new EtcdSource(given, fakeConfigContext());
  await source.stop();
  await source.stop();
  await expect(source.start(signal)).rejects.toThrow('stopped');
  await expect(source.load(signal)).rejects.toThrow('the source stops');
});
