import { MemoryLog } from '@logcatch/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { unreachable } from './failure.ts';
import { scopeOf } from './scope.ts';
import { type Connection, Session } from './session.ts';
import { tuning } from './tuning.ts';

class FakeConnection implements Connection {
  readonly endpoint: Endpoint;
  closed = false;
  readonly #broken = Promise.withResolvers<Error>();

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  get broken(): Promise<Error> {
    return this.#broken.promise;
  }

  fail(reason: unknown): void {
    this.#broken.resolve(reason as Error);
    this.close();
  }

  close(): void {
    this.closed = true;
  }
}

const endpoints = ['a', 'b'].map((name) => parseEndpoint(name, false)!);
const asking = { username: 'app', scope: scopeOf({ key: '/k' }) };
const { signal } = new AbortController();

/** What each endpoint does when it is asked. */
function sessionOf(open: (endpoint: Endpoint, signal: AbortSignal) => Promise<FakeConnection>) {
  const seen = { opened: [] as string[], changes: 0 };
  const session = new Session<FakeConnection>({
    endpoints,
    connectTimeout: 5_000,
    tuning,
    log: new MemoryLog(),
    open: (endpoint, { signal }) => {
      seen.opened.push(endpoint.url);
      return open(endpoint, signal);
    },
    changed: () => void seen.changes++,
    explain: (losses) => unreachable(losses, asking),
  });
  session.start();
  return { session, seen };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

describe('a session', () => {
  test('after the loss of a connection the other endpoints are asked first, and hints are given', async () => {
    const { session, seen } = sessionOf(async (endpoint) => new FakeConnection(endpoint));
    const first = await session.connection(signal);
    expect(seen.changes).toBe(1);
    session.drop(first, new Error('no answer'));
    expect(first.closed).toBe(true);
    const waiting = session.connection(signal);
    await vi.advanceTimersByTimeAsync(tuning.spread);
    const second = await waiting;
    expect(second.endpoint.url).not.toBe(first.endpoint.url);
    expect(seen.changes).toBe(3);
    await session.stop();
    expect(second.closed).toBe(true);
    await expect(session.connection(signal)).rejects.toThrow('the source stops');
  });

  test('a failed attempt is the answer for those who wait; the next comes within the pause', async () => {
    let down = true;
    const { session, seen } = sessionOf(async (endpoint) => {
      if (down) throw new Error('connect ECONNREFUSED');
      return new FakeConnection(endpoint);
    });
    await expect(session.connection(signal)).rejects.toMatchObject({
      code: 'LC_SOURCE_UNREACHABLE',
      message: expect.stringMatching(/^etcd at http:\/\/[ab]:2379, http:\/\/[ab]:2379: connect ECONNREFUSED$/),
    });
    for (let attempts = 0; attempts < 10; attempts++) {
      const before = seen.opened.length;
      await vi.advanceTimersByTimeAsync(tuning.pause);
      expect(seen.opened.length).toBeGreaterThan(before);
    }
    down = false;
    const waiting = session.connection(signal);
    await vi.advanceTimersByTimeAsync(tuning.pause);
    await waiting;
    await session.stop();
  });

  test('one that hangs does not keep the other from being asked; all that hang are given up in time', async () => {
    let hanging = 1;
    const { session } = sessionOf(async (endpoint, signal) => {
      if (hanging-- > 0)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return new FakeConnection(endpoint);
    });
    const waiting = session.connection(signal);
    await vi.advanceTimersByTimeAsync(tuning.stagger);
    const connection = await waiting;
    hanging = Number.POSITIVE_INFINITY;
    session.drop(connection, new Error('gone'));
    const refused = expect(session.connection(signal)).rejects.toThrow('no answer within 5000 ms');
    await vi.advanceTimersByTimeAsync(tuning.spread + 5_000);
    await refused;
    await session.stop();
  });

  test('stop ends an attempt that goes on', async () => {
    const { session } = sessionOf(
      (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const waiting = expect(session.connection(signal)).rejects.toThrow('the source stops');
    await session.stop();
    await session.stop();
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('who waits can be aborted', async () => {
    const { session } = sessionOf(
      (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const controller = new AbortController();
    const waiting = expect(session.connection(controller.signal)).rejects.toThrow('not needed');
    controller.abort(new Error('not needed'));
    await waiting;
    await session.stop();
  });
});
