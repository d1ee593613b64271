import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { MemoryLog } from '@logcatch/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SendFailure } from './failure.ts';
import { makeBroker, protocolOf } from './kafkajs.ts';
import { type LinkSettings, openLink } from './link.ts';

const settings: LinkSettings = {
  acks: 'all',
  clientId: 'test',
  connectTimeout: 100,
  requestTimeout: 1000,
  log: new MemoryLog(),
  security: async () => ({ tls: undefined, sasl: undefined }),
};
const never = new AbortController().signal;

/** A server that is no broker. */
async function serverThat(greet: (socket: Socket) => void): Promise<{ host: string; port: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function failure(opening: Promise<unknown>): Promise<SendFailure> {
  return opening.then(
    () => expect.fail('it connected'),
    (error: SendFailure) => error,
  );
}

test('kafkajs has inside what we use of it', () => {
  const load = createRequire(import.meta.url);
  const { version } = JSON.parse(readFileSync(load.resolve('kafkajs/package.json'), 'utf8')) as { version: string };
  expect(version).toBe('2.2.4');
  const log = new MemoryLog();
  const { broker, connection } = makeBroker({
    host: 'localhost',
    port: 1,
    clientId: 'test',
    connectionTimeout: 1000,
    requestTimeout: 1000,
    ssl: null,
    sasl: null,
    log,
  });
  expect(connection.isConnected()).toBe(false);
  expect(connection.nextCorrelationId()).toBe(0);
  for (const method of ['send', 'authenticate'] as const) expect(connection[method]).toBeTypeOf('function');
  for (const method of ['push', 'maybeThrottle'] as const)
    expect(connection.requestQueue[method]).toBeTypeOf('function');
  expect(broker.connect).toBeTypeOf('function');
  expect(() => protocolOf(broker, 'Produce', {})).toThrow('Broker not connected');
});

test('no timer is set when no request waits', () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const { connection } = makeBroker({
    host: 'localhost',
    port: 1,
    clientId: 'test',
    connectionTimeout: 1000,
    requestTimeout: 1000,
    ssl: null,
    sasl: null,
    log: new MemoryLog(),
  });
  connection.requestQueue.scheduleCheckPendingRequests();
  expect(timers).not.toHaveBeenCalled();
  timers.mockRestore();
});

test('a broker that says nothing is given up in time', async () => {
  const address = await serverThat(() => {});
  expect(await failure(openLink(address, settings, never))).toMatchObject({
    code: 'LC_OUTPUT_UNREACHABLE',
    message: `cannot reach 127.0.0.1:${address.port}: nothing within 100 ms`,
    unknown: false,
  });
});

test('a port that hangs up is perhaps one for TLS or SASL', async () => {
  const address = await serverThat((socket) => socket.end());
  expect((await failure(openLink(address, settings, never))).hint).toContain('tls, sasl');
});

test('nobody there', async () => {
  const reason = await failure(openLink({ host: '127.0.0.1', port: 1 }, settings, never));
  expect(reason).toMatchObject({ code: 'LC_OUTPUT_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') });
});

test('stopping ends an attempt at once', async () => {
  const address = await serverThat(() => {});
  const controller = new AbortController();
  const opening = failure(openLink(address, { ...settings, connectTimeout: 60_000 }, controller.signal));
  setTimeout(() => controller.abort(new Error('the output stops')), 20);
  expect((await opening).message).toContain('the output stops');
});
