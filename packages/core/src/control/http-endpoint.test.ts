import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogcatchError } from '@logcatch/plugin-api';
import { expect, onTestFinished, test } from 'vitest';
import type { DesiredHttp } from '../config/index.ts';
import { until } from '../fixtures/scene.ts';
import { Log } from '../log.ts';
import type { AgentStatus } from '../status/agent-status.ts';
import { HttpEndpoint } from './http-endpoint.ts';
import { notReady } from './http-routes.ts';
import { LineStream } from './line-stream.ts';

const running = { kind: 'output', id: 'out', state: 'running', reason: '', hint: '' };
const status = { name: 'test', components: [running], waiting: [] } as unknown as AgentStatus;
const logged: string[] = [];

async function open(desired: Partial<DesiredHttp> = {}, now: () => AgentStatus = () => status) {
  const log = new Log({ level: 'info', format: 'json', colors: false, write: (line) => logged.push(line) });
  const endpoint = new HttpEndpoint({
    log,
    resolve: (path) => path,
    status: now,
    files: (text) => ({ files: [], matching: 0, open: text.length }),
    tap: (query) => {
      if (query.has('where')) throw new LogcatchError('LC_TAP_FILTER', 'no condition');
      return new LineStream((reader) => {
        reader.write('{}\n');
        return { tick() {}, close() {} };
      });
    },
    page: async () => ({ '/': new URL('../fixtures/page.html', import.meta.url) }),
  });
  onTestFinished(() => endpoint.close());
  await endpoint.listen({ host: '127.0.0.1', port: 0, ...desired });
  return endpoint;
}

interface Asked {
  readonly code: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

const portOf = (endpoint: HttpEndpoint) => Number(endpoint.status!.address.split(':').at(-1));

function ask(endpoint: HttpEndpoint, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<Asked>((resolve, reject) => {
    const asking = request({ port: portOf(endpoint), host: '127.0.0.1', path, method, headers, agent: false });
    asking.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode!, body, headers: response.headers }));
    });
    asking.on('error', reject).end();
  });
}

test('answers GET and HEAD alone, with strict headers, and nothing else', async () => {
  const endpoint = await open();
  expect(endpoint.status).toMatchObject({ state: 'running', address: expect.stringMatching(/^127.0.0.1:[1-9]\d+$/) });
  expect(await ask(endpoint, '/healthz')).toMatchObject({
    code: 200,
    body: 'alive\n',
    headers: {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    },
  });
  expect(JSON.parse((await ask(endpoint, '/status?x=1')).body)).toEqual(status);
  expect(await ask(endpoint, '/readyz')).toMatchObject({ code: 200, body: 'ready\n' });
  expect(await ask(endpoint, '/none')).toMatchObject({ code: 404, body: expect.stringContaining('/metrics') });
  expect(await ask(endpoint, '/__proto__')).toMatchObject({ code: 404 });
  for (const method of ['POST', 'PUT', 'OPTIONS'])
    expect(await ask(endpoint, '/status', {}, method)).toMatchObject({ code: 405, headers: { allow: 'GET, HEAD' } });
  expect(await ask(endpoint, '/healthz', {}, 'HEAD')).toMatchObject({
    code: 200,
    body: '',
    headers: { 'content-length': '6' },
  });
});

test('a page of another site that has given its name to this address gets nothing', async () => {
  const endpoint = await open();
  for (const host of [
    'evil.example',
    `evil.example:${portOf(endpoint)}`,
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
  ])
    expect(await ask(endpoint, '/status', { host }), host).toMatchObject({ code: 403 });
  for (const host of ['localhost', `localhost:${portOf(endpoint)}`, '127.0.0.1:1', '[::1]:9600'])
    expect(await ask(endpoint, '/status', { host }), host).toMatchObject({ code: 200 });
});

test('with a token: without it health alone, and of what is not ready no more than that', async () => {
  const failed = { ...status, components: [{ ...running, state: 'failed', reason: 'LC_X broken', hint: 'Mend it.' }] };
  const endpoint = await open({ token: 'secret' }, () => failed as unknown as AgentStatus);
  for (const path of ['/status', '/metrics', '/none'])
    expect(await ask(endpoint, path)).toMatchObject({ code: 401, headers: { 'www-authenticate': /^Bearer/ } });
  for (const wrong of ['Bearer secre', 'Bearer secret2', 'Bearer', 'Basic secret', 'secret'])
    expect(await ask(endpoint, '/status', { authorization: wrong }), wrong).toMatchObject({ code: 401 });
  const authorization = 'Bearer secret';
  expect(await ask(endpoint, '/status', { authorization })).toMatchObject({ code: 200 });
  expect(await ask(endpoint, '/healthz')).toMatchObject({
    code: 200,
    headers: { 'www-authenticate': expect.stringMatching(/^Bearer/) },
  });
  expect((await ask(endpoint, '/healthz', { authorization })).headers).not.toHaveProperty('www-authenticate');
  expect(await ask(endpoint, '/readyz')).toMatchObject({ code: 503, body: 'not ready\n' });
  expect(await ask(endpoint, '/readyz', { authorization })).toMatchObject({
    code: 503,
    body: 'not ready\noutput out is failed: LC_X broken. Mend it.\n',
  });
});

test('the page is for everybody, what it shows is not; as strict as all the rest', async () => {
  const endpoint = await open({ token: 'secret' });
  expect(await ask(endpoint, '/')).toMatchObject({
    code: 200,
    body: expect.stringContaining('<title>'),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(
        /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
      ),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  });
  for (const path of ['/files', '/tap', '/status?sources=0', '/constructor', '//', '/../package.json'])
    expect(await ask(endpoint, path), path).toMatchObject({ code: 401 });
  const authorization = 'Bearer secret';
  expect(JSON.parse((await ask(endpoint, '/files?text=abc', { authorization })).body)).toMatchObject({ open: 3 });
  expect(await ask(endpoint, '/status?sources=x', { authorization })).toMatchObject({ code: 422 });
});

test('lines are shown where the file says so, and to few at once', async () => {
  const authorization = 'Bearer secret';
  const silent = await open({ token: 'secret' });
  expect(silent.status).toMatchObject({ lines: false });
  const refused = await ask(silent, '/tap', { authorization });
  expect(refused).toMatchObject({ code: 403, body: expect.stringContaining('lines: true') });

  const endpoint = await open({ token: 'secret', lines: true });
  expect(endpoint.status).toMatchObject({ lines: true });
  expect(await ask(endpoint, '/tap')).toMatchObject({ code: 401 });
  expect(await ask(endpoint, '/tap?where=x', { authorization })).toMatchObject({
    code: 422,
    body: expect.stringContaining('LC_TAP_FILTER'),
  });
  const looking = async () => {
    const url = `http://127.0.0.1:${portOf(endpoint)}/tap`;
    const leave = new AbortController();
    const response = await fetch(url, { headers: { authorization }, signal: leave.signal });
    return { response, leave: () => leave.abort() };
  };
  expect(await ask(endpoint, '/tap', { authorization }, 'HEAD')).toMatchObject({
    code: 405,
    headers: { allow: 'GET' },
  });
  const readers = await Promise.all([looking(), looking(), looking()]);
  for (const { response } of readers) {
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const { value } = await response.body!.getReader().read();
    expect(Buffer.from(value!).toString()).toBe('{}\n');
  }
  expect(await ask(endpoint, '/tap', { authorization })).toMatchObject({ code: 503 });
  readers[0]!.leave();
  await until(async () => {
    const next = await looking();
    const { status } = next.response;
    next.leave();
    expect(status).toBe(200);
  });
});

test('who has gone before the answer was there takes no place of those that look at lines', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'logcatch-http-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, 'secret');
  const endpoint = await open({ token: { file }, lines: true });
  const authorization = 'Bearer secret';
  const asked = `GET /tap HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\n\r\n`;
  const leaving = Array.from({ length: 20 }, async () => {
    const socket = connect(portOf(endpoint), '127.0.0.1');
    await new Promise((resolve) => socket.write(asked, resolve));
    socket.destroy();
  });
  await Promise.all(leaving);
  await until(async () => {
    const leave = new AbortController();
    const url = `http://127.0.0.1:${portOf(endpoint)}/tap`;
    const { status } = await fetch(url, { headers: { authorization }, signal: leave.signal });
    leave.abort();
    expect(status).toBe(200);
  });
});

test('a token in a file is read whenever it is asked for; one that is gone lets nobody in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'logcatch-http-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  const endpoint = await open({ token: { file } });
  expect(endpoint.status).toMatchObject({ state: 'degraded', reason: expect.stringContaining('LC_HTTP_TOKEN') });
  writeFileSync(file, 'one\n');
  await until(() => expect(endpoint.status).toMatchObject({ state: 'running' }));
  expect(await ask(endpoint, '/status', { authorization: 'Bearer one' })).toMatchObject({ code: 200 });
  writeFileSync(file, 'two\n');
  expect(await ask(endpoint, '/status', { authorization: 'Bearer one' })).toMatchObject({ code: 401 });
  expect(await ask(endpoint, '/status', { authorization: 'Bearer two' })).toMatchObject({ code: 200 });
  rmSync(file);
  const refused = await ask(endpoint, '/status', { authorization: 'Bearer two' });
  expect(refused).toMatchObject({ code: 500, body: expect.not.stringContaining(folder) });
  expect(logged.join()).toContain('LC_HTTP_TOKEN');
});

test('a token that no header can bring is told, not waited for in vain', async () => {
  const endpoint = await open({ token: 'two words' });
  expect(endpoint.status).toMatchObject({ state: 'degraded', reason: expect.stringContaining('white space') });
});

test('a port that another program has is told, and taken when that has gone; another one is listened on at once', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const endpoint = await open({ port });
  expect(endpoint.status).toMatchObject({
    state: 'degraded',
    address: `127.0.0.1:${port}`,
    reason: expect.stringContaining('LC_HTTP_LISTEN'),
    hint: expect.stringContaining('choose another port'),
  });
  await endpoint.listen({ host: '127.0.0.1', port: 0 });
  expect(endpoint.status).toMatchObject({ state: 'running' });
  await endpoint.listen({ host: '127.0.0.1', port });
  expect(endpoint.status).toMatchObject({ state: 'degraded' });
  other.close();
  await until(() => expect(endpoint.status).toMatchObject({ state: 'running' }));
  expect(await ask(endpoint, '/healthz')).toMatchObject({ code: 200 });
  await endpoint.listen(undefined);
  expect(endpoint.status).toBeUndefined();
});

test('a client that asks without end and reads nothing is not answered without end', async () => {
  let asked = 0;
  const endpoint = await open({}, () => {
    asked++;
    return status;
  });
  const socket = connect(portOf(endpoint), '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
  socket.write('GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(10_000));
  await closed;
  expect(asked).toBeLessThan(10);
  const [first, second] = ['/healthz', '/status'].map((path) => ask(endpoint, path));
  expect(await first).toMatchObject({ code: 200 });
  expect(await second).toMatchObject({ code: 200 });
});

test('a connection is used again, as often as its client likes, one request after the other', async () => {
  const endpoint = await open();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  let connections = 0;
  for (let i = 0; i < 100; i++)
    await new Promise<void>((resolve, reject) => {
      const asking = request({ port: portOf(endpoint), host: '127.0.0.1', path: '/status', agent });
      asking.on('socket', (socket) => socket.on('connect', () => connections++));
      asking.on('response', (response) => response.resume().on('end', resolve)).on('error', reject);
      asking.end();
    });
  expect(connections).toBe(1);
});

test('closing waits for no client that says nothing', async () => {
  const endpoint = await open();
  const socket = connect(portOf(endpoint), '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
  await new Promise((resolve) => socket.write('GET /sta', resolve));
  await ask(endpoint, '/healthz');
  await endpoint.close();
  await closed;
});

test('what is not ready: what has not started, failed or waits; degraded does what it can', () => {
  const of = (state: string) => ({ ...running, state, id: state });
  const components = ['waiting', 'starting', 'running', 'degraded', 'stuck', 'failed'].map(of);
  const waiting = [{ kind: 'input', id: 'list', sources: ['collect'] }];
  expect(notReady({ components, waiting } as unknown as AgentStatus)).toEqual([
    'output waiting is waiting',
    'output starting is starting',
    'output failed is failed',
    'input list waits for a value of collect',
  ]);
});
