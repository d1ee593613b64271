import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogcatchError } from '@logcatch/plugin-api';
import { expect, onTestFinished, test } from 'vitest';
import { type Commands, ControlServer } from './control.ts';
import { askAgent } from './control-client.ts';
import { controlSocket } from './control-socket.ts';

function folder(deep = ''): string {
  const top = mkdtempSync(join(tmpdir(), 'logcatch-control-'));
  onTestFinished(() => rmSync(top, { recursive: true, force: true }));
  mkdirSync(join(top, deep), { recursive: true });
  return join(top, deep);
}

async function open(dataDir: string, commands: Commands = { 'GET /status': () => ({ fine: true }) }) {
  const server = await ControlServer.open(dataDir, commands);
  onTestFinished(() => server.close());
  return server;
}

/** Sends bytes as they are, and resolves with all that comes back. */
function raw(dataDir: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(dataDir, controlSocket), () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}

test('answers, for this user alone, and leaves nothing behind', async () => {
  const dataDir = folder();
  chmodSync(dataDir, 0o755);
  const server = await open(dataDir);
  expect(await askAgent(dataDir, 'GET', '/status')).toEqual({ fine: true });
  expect(statSync(join(dataDir, controlSocket)).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual([controlSocket]);
  await server.close();
  await server.close();
  expect(readdirSync(dataDir)).toEqual([]);
  await expect(askAgent(dataDir, 'GET', '/status')).rejects.toMatchObject({ code: 'LC_AGENT_NOT_RUNNING' });
});

test('says what keeps it from being opened, also where nothing can be removed again', () => {
  const dataDir = folder();
  const script = `
    import { openSync } from 'node:fs';
    const { ControlServer } = await import(${JSON.stringify(new URL('control.ts', import.meta.url).href)});
    try {
      for (;;) openSync('/dev/null');
    } catch {}
    await ControlServer.open(process.argv[1], {}).catch((error) => process._rawDebug(error.code, error.message));
  `;
  const limited = `ulimit -n 64; exec "$0" --input-type=module -e "$1" "$2"`;
  const { stderr } = spawnSync('sh', ['-c', limited, process.execPath, script, dataDir], { encoding: 'utf8' });
  expect(stderr).toMatch(/^LC_CONTROL_SOCKET .*EMFILE: too many open files/m);
});

test('a folder with a path longer than an address is reached too, or said to be out of reach', async () => {
  const dataDir = folder('x'.repeat(200));
  if (process.platform !== 'linux') {
    await expect(open(dataDir)).rejects.toMatchObject({ code: 'LC_CONTROL_SOCKET' });
    return;
  }
  const server = await open(dataDir);
  expect(await askAgent(dataDir, 'GET', '/status')).toEqual({ fine: true });
  await server.close();
  expect(readdirSync(dataDir)).toEqual([]);
});

test('takes the place of whatever a dead agent left behind', async () => {
  const dataDir = folder();
  writeFileSync(join(dataDir, controlSocket), '');
  mkdirSync(join(dataDir, 'control.d/s'), { recursive: true });
  await expect(askAgent(dataDir, 'GET', '/status')).rejects.toMatchObject({
    code: 'LC_AGENT_NOT_RUNNING',
    message: expect.stringContaining('was killed'),
  });
  await open(dataDir);
  expect(await askAgent(dataDir, 'GET', '/status')).toEqual({ fine: true });
});

test('a socket that cannot be made is an error of ours', async () => {
  const dataDir = folder();
  mkdirSync(join(dataDir, controlSocket, 'x'), { recursive: true });
  await expect(open(dataDir)).rejects.toMatchObject({ code: 'LC_CONTROL_SOCKET' });
  expect(existsSync(join(dataDir, 'control.d'))).toBe(false);
});

test('what fails, and what is not there, is said as JSON', async () => {
  const dataDir = folder();
  await open(dataDir, {
    'GET /bug': () => {
      throw new Error('a bug');
    },
    'POST /plan': async () => {
      throw new LogcatchError('LC_CONFIG_FILE', 'gone');
    },
  });
  const says = (text: string) => expect.objectContaining({ message: expect.stringContaining(text) });
  await expect(askAgent(dataDir, 'GET', '/bug')).rejects.toEqual(says('500: a bug'));
  await expect(askAgent(dataDir, 'POST', '/plan')).rejects.toMatchObject({ code: 'LC_CONFIG_FILE', message: 'gone' });
  await expect(askAgent(dataDir, 'GET', '/plan')).rejects.toEqual(says('405: /plan takes POST /plan'));
  await expect(askAgent(dataDir, 'GET', '/none')).rejects.toEqual(says('404: there is no /none'));
  await expect(askAgent(dataDir, 'GET', '/__proto__')).rejects.toEqual(says('404'));
});

test('an agent that stands still is told from one that does not run', async () => {
  const dataDir = folder();
  let stands = true;
  await open(dataDir, { 'GET /status': () => (stands ? new Promise(() => {}) : { fine: true }) });
  await expect(askAgent(dataDir, 'GET', '/status', 100)).rejects.toMatchObject({
    code: 'LC_AGENT_SILENT',
    message: 'nothing came for 0.1 s: the agent is there, and is stopped or very busy',
  });
  writeFileSync(join(dataDir, 'agent.pid'), '123\n');
  await expect(askAgent(dataDir, 'GET', '/status', 100)).rejects.toMatchObject({
    message: expect.stringContaining('the agent with pid 123 is there'),
    hint: expect.stringContaining('kill -CONT 123'),
  });
  stands = false;
  expect(await askAgent(dataDir, 'GET', '/status')).toEqual({ fine: true });
});

test('a command gets what stands behind the path', async () => {
  const dataDir = folder();
  await open(dataDir, { 'GET /echo': (query) => query.get('path') });
  expect(await askAgent(dataDir, 'GET', `/echo?${new URLSearchParams({ path: '/a ?&=%/ö' })}`)).toBe('/a ?&=%/ö');
});

test('what is to be changed may be long', async () => {
  const dataDir = folder();
  await open(dataDir, { 'POST /count': (query) => query.getAll('path').length });
  const query = new URLSearchParams(
    Array.from({ length: 500 }, (_, i): [string, string] => ['path', `/var/log/some/folder/file-${i}.log`]),
  );
  expect(await askAgent(dataDir, 'POST', `/count?${query}`)).toBe(500);
});

test('large requests are refused, and the next one is answered', async () => {
  const dataDir = folder();
  await open(dataDir);
  const large = 100_000;
  const head = `POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: ${large}\r\n\r\n`;
  expect(await raw(dataDir, head + 'x'.repeat(large))).toMatch(/^HTTP\/1.1 413 .*at most 65536 bytes/s);
  expect(await raw(dataDir, `GET /status HTTP/1.1\r\nx: ${'y'.repeat(10_000)}\r\n\r\n`)).toContain('431');
  expect(await raw(dataDir, 'nonsense\r\n\r\n')).toContain('400');
  expect(await askAgent(dataDir, 'GET', '/status')).toEqual({ fine: true });
});

test('closing does not wait for a client that says nothing', async () => {
  const dataDir = folder();
  const server = await open(dataDir);
  const answer = raw(dataDir, 'GET /sta');
  await askAgent(dataDir, 'GET', '/status');
  await server.close();
  expect(await answer).toBe('');
});
