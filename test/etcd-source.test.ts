import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { type LoadedConfig, LogcatchError } from '@logcatch/plugin-api';
import { fakeConfigContext } from '@logcatch/testing';
import { expect, it, onTestFinished } from 'vitest';
import { options } from '../plugins/config-etcd/src/options.ts';
import { EtcdSource } from '../plugins/config-etcd/src/source.ts';
import { type EtcdServer, startEtcd, uniqueTopic } from './servers/index.ts';
import { freePort } from './servers/process.ts';
import { describeWith, etcd } from './servers/require.ts';
import { temporaryFolder } from './support/agent.ts';

/** What issue 4 promises: after a fault a new value is in effect within 10 s. */
const promised = 10_000;

/** etcd's JSON gateway: no client that the product uses. */
async function call(endpoint: string, path: string, body: Record<string, unknown>, token?: string) {
  const response = await fetch(`${endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: token === undefined ? {} : { authorization: token },
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  return answer;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function put(endpoint: string, key: string, value: string, token?: string): Promise<string> {
  const { header } = await call(endpoint, 'kv/put', { key: base64(key), value: base64(value) }, token);
  return (header as { revision: string }).revision;
}

const remove = (endpoint: string, key: string) => call(endpoint, 'kv/deleterange', { key: base64(key) });

async function get(endpoint: string, key: string): Promise<string | undefined> {
  const { kvs = [] } = (await call(endpoint, 'kv/range', { key: base64(key) })) as { kvs?: { value: string }[] };
  return kvs[0] && Buffer.from(kvs[0].value, 'base64').toString();
}

type Given = Parameters<typeof options.parse>[0] & object;

/** Drives a source as the engine does: loads after every hint and, after a failure, after a pause; keeps the last good value. */
class Driver {
  readonly context = Object.assign(fakeConfigContext(), {
    secret: async (value: string | { file: string }) =>
      typeof value === 'string' ? value : readFileSync(value.file, 'utf8').trim(),
  });
  readonly source: EtcdSource;
  readonly errors: LogcatchError[] = [];
  loaded: LoadedConfig | undefined;
  #hint = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(given: Given) {
    this.context.changed = () => this.#hint.resolve();
    this.source = new EtcdSource(options.parse(given), this.context);
    this.#running = this.#run();
    onTestFinished(() => this.stop());
  }

  /** The texts that are in effect. */
  get texts(): Record<string, string> {
    if (this.loaded && 'document' in this.loaded) return { '': this.loaded.document.text };
    if (!this.loaded || !('documents' in this.loaded)) return {};
    return Object.fromEntries(Object.entries(this.loaded.documents).map(([name, { text }]) => [name, text]));
  }

  get lastError(): LogcatchError | undefined {
    return this.errors.at(-1);
  }

  /** Waits, and gives the milliseconds that it took. */
  async until(what: () => boolean, limit = promised): Promise<number> {
    const started = performance.now();
    while (!what()) {
      if (performance.now() - started > limit) {
        throw new Error(
          `not within ${limit} ms: ${what}; ${JSON.stringify(this.loaded)}; ${this.lastError?.describe()}`,
        );
      }
      await sleep(10);
    }
    const took = Math.round(performance.now() - started);
    if (process.env.MEASURE) process.stdout.write(`  ${expect.getState().currentTestName}: ${what}: ${took} ms\n`);
    return took;
  }

  value(text: string, limit?: number): Promise<number> {
    return this.until(() => this.texts[''] === text, limit);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the test is over'));
    this.#hint.resolve();
    await this.source.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    await this.source.start(signal);
    while (!signal.aborted) {
      let failed = false;
      try {
        this.loaded = await this.source.load(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof LogcatchError)) throw error;
        this.errors.push(error);
        failed = true;
      }
      await Promise.race([this.#hint.promise, ...(failed ? [sleep(2_000)] : [])]);
      this.#hint = Promise.withResolvers();
    }
  }
}

async function own(given: Parameters<typeof startEtcd>[0] = { own: true }): Promise<EtcdServer & { url: string }> {
  const server = await startEtcd(given);
  onTestFinished(() => server.stop());
  return Object.assign(server, { url: server.endpoints[0]! });
}

/** Stands between client and server, and breaks what goes through it. */
async function startProxy(target: string) {
  const pairs = new Set<Socket>();
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) return void client.destroy();
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      pairs.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('close', () => {
        pairs.delete(from);
        to.destroy();
      });
      from.on('error', () => {});
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of pairs) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Cuts all connections and takes no more. */
    close: () => {
      refusing = true;
      cut();
    },
    open: () => {
      refusing = false;
    },
    /** The connections that there are stay open, and nothing comes through them any more, in either direction. */
    halfOpen: () => {
      for (const socket of pairs) {
        socket.removeAllListeners('data');
        socket.on('data', () => {});
      }
    },
    get connections() {
      return pairs.size / 2;
    },
  };
}

describeWith(['etcd'], 'what etcd holds', () => {
  const key = () => uniqueTopic('/etcd-source/');
  const url = () => etcd().endpoints[0]!;

  it('a key: its text, with its revision; changes at once; deleted is absent', async () => {
    const name = key();
    const driver = new Driver({ endpoints: url(), key: name, format: 'yaml' });
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_ABSENT');
    expect(driver.lastError?.message).toMatch(`etcd key ${name} is not there (${url()}, store revision `);
    const revision = await put(url(), name, 'a: ä');
    await driver.value('a: ä');
    expect(driver.loaded).toEqual({
      document: { text: 'a: ä', format: 'yaml', label: `etcd key ${name}, revision ${revision}` },
      revision,
    });
    await put(url(), name, '');
    expect(await driver.value('')).toBeLessThan(1_000);
    const errors = driver.errors.length;
    await remove(url(), name);
    await driver.until(() => driver.errors.length > errors);
    expect(driver.lastError?.code).toBe('LC_SOURCE_ABSENT');
    expect(driver.texts['']).toBe('');
  });

  it('a prefix: a map, entries added and removed; without keys it is absent', async () => {
    const prefix = `${key()}/`;
    const driver = new Driver({ endpoints: url(), prefix });
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_ABSENT');
    await put(url(), `${prefix}a`, '1');
    await put(url(), `${prefix}__proto__`, '2');
    const revision = await put(url(), `${prefix}b/c`, '3');
    await driver.until(() => Object.keys(driver.texts).length === 3);
    expect(Object.entries(driver.texts)).toEqual([
      ['__proto__', '2'],
      ['a', '1'],
      ['b/c', '3'],
    ]);
    expect(driver.loaded).toMatchObject({
      label: `etcd prefix ${prefix}, 3 keys, revision ${revision}`,
      revision: `${revision}/3`,
    });
    await remove(url(), `${prefix}a`);
    await driver.until(() => Object.keys(driver.texts).length === 2);
    expect(driver.loaded?.revision).toBe(`${revision}/2`);
    const errors = driver.errors.length;
    for (const name of ['__proto__', 'b/c']) await remove(url(), `${prefix}${name}`);
    await driver.until(() => driver.errors.length > errors);
    expect(driver.lastError?.message).toContain(`etcd prefix ${prefix} has no keys`);
  });

  it('bytes that are no text are bad', async () => {
    const name = key();
    await call(url(), 'kv/put', { key: base64(name), value: Buffer.from([0xff, 0xfe]).toString('base64') });
    const driver = new Driver({ endpoints: url(), key: name });
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_BAD');
    expect(driver.lastError?.message).toContain(`etcd key ${name}, revision `);
  });

  it('more than gRPC takes by itself', async () => {
    const prefix = `${key()}/`;
    for (let i = 0; i < 6; i++) await put(url(), `${prefix}${i}`, 'x'.repeat(1_000_000));
    const driver = new Driver({ endpoints: url(), prefix });
    await driver.until(() => Object.keys(driver.texts).length === 6);
  });
});

describeWith(['etcd'], 'after a fault of etcd a new value is in effect within 10 s', () => {
  const key = '/logcatch/app';

  it('killed and started again', async () => {
    const server = await own();
    await put(server.url, key, 'before');
    const driver = new Driver({ endpoints: server.endpoints, key });
    await driver.value('before');
    await server.kill();
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_UNREACHABLE');
    expect(driver.lastError?.message).toBe(`etcd at ${server.url}: connect ECONNREFUSED ${new URL(server.url).host}`);
    await sleep(2_500);
    await server.restart();
    await put(server.url, key, 'after');
    await driver.value('after');
  });

  it('hangs for 8 s', async () => {
    const server = await own();
    await put(server.url, key, 'before');
    const driver = new Driver({ endpoints: server.endpoints, key, connect_timeout: '500ms' });
    await driver.value('before');
    server.pause();
    const hanging = sleep(8_000);
    await driver.until(() => driver.errors.length === 1);
    expect(driver.lastError?.message).toBe(`etcd at ${server.url}: no answer within 500 ms`);
    const between = sockets();
    await driver.until(() => driver.errors.length === 3);
    expect(sockets()).toBeLessThanOrEqual(between);
    await hanging;
    server.resume();
    await put(server.url, key, 'after');
    await driver.value('after');
  });

  it('compacted while nobody was connected', async () => {
    const server = await own();
    const proxy = await startProxy(server.url);
    await put(server.url, key, 'before');
    const driver = new Driver({ endpoints: proxy.url, key });
    await driver.value('before');
    proxy.close();
    for (let i = 0; i < 20; i++) await put(server.url, key, `missed ${i}`);
    const revision = await put(server.url, key, 'missed');
    await call(server.url, 'kv/compaction', { revision, physical: true });
    proxy.open();
    await driver.value('missed');
    await put(server.url, key, 'after');
    await driver.value('after');
  });

  it('connections that are open on one side only', async () => {
    const server = await own();
    const proxy = await startProxy(server.url);
    await put(server.url, key, 'before');
    const drivers = [1, 2, 3].map(() => new Driver({ endpoints: proxy.url, key }));
    for (const driver of drivers) await driver.value('before');
    // Shared, a broken one would be given to the next source, too.
    expect(proxy.connections).toBe(3);
    proxy.halfOpen();
    await put(server.url, key, 'after');
    for (const driver of drivers) await driver.value('after');
  });

  it('restarted empty: what was there goes on', async () => {
    const dataDir = temporaryFolder();
    const port = await freePort();
    const server = await own({ dataDir, port });
    await put(server.url, key, 'before');
    const driver = new Driver({ endpoints: server.endpoints, key });
    await driver.value('before');
    await server.kill();
    rmSync(join(dataDir, 'data'), { recursive: true });
    await server.restart();
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_ABSENT');
    expect(driver.texts['']).toBe('before');
    await put(server.url, key, 'after');
    await driver.value('after');
  });

  it('another endpoint takes over, whether the first ends or hangs', async () => {
    // Two stores in place of two members, so that it can be seen which was asked.
    const servers = await Promise.all([own(), own()]);
    await Promise.all(servers.map(({ url }, i) => put(url, key, `store ${i}`)));
    const driver = new Driver({ endpoints: servers.map(({ url }) => url), key });
    await driver.until(() => driver.texts[''] !== undefined);
    const first = Number(driver.texts['']?.at(-1));
    await servers[first]!.kill();
    await driver.value(`store ${1 - first}`);
    await servers[first]!.restart();
    servers[1 - first]!.pause();
    await driver.value(`store ${first}`);
    servers[1 - first]!.resume();
    expect(driver.errors).toEqual([]);
  });

  it('users enabled, a password changed', async () => {
    const server = await own();
    const { endpoints, url } = server;
    const file = join(temporaryFolder(), 'password');
    writeFileSync(file, 'first\n');
    await put(url, key, 'before');
    const anonymous = new Driver({ endpoints, key });
    const stranger = new Driver({ endpoints, key: '/other', username: 'app', password: 'first' });
    const driver = new Driver({ endpoints, key, username: 'app', password: { file } });
    await driver.value('before');
    const auth = (path: string, body: Record<string, unknown>, token?: string) =>
      call(url, `auth/${path}`, body, token);
    for (const name of ['root', 'app']) {
      await auth('user/add', { name, password: name === 'root' ? 'admin' : 'first' });
      await auth('role/add', { name });
      await auth('user/grant', { user: name, role: name });
    }
    await auth('role/grant', { name: 'app', perm: { permType: 'READ', key: base64(key) } });
    await auth('enable', {});
    const login = async () => String((await auth('authenticate', { name: 'root', password: 'admin' })).token);
    const token = await login();
    await put(url, key, 'with users', token);
    await driver.value('with users');
    await anonymous.until(() => anonymous.lastError?.message.includes('takes no requests without a user') === true);
    await stranger.until(() => stranger.lastError?.message.includes('does not let user app read key /other') === true);
    expect(stranger.lastError?.describe()).toContain('etcdctl role grant-permission ROLE read /other');
    await Promise.all([anonymous.stop(), stranger.stop()]);

    const refusals = await refusedRanges(url);
    await auth('user/changepw', { name: 'app', password: 'second' }, token);
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_UNREACHABLE');
    expect(driver.lastError?.message).toBe(`etcd at ${url} refuses user app: wrong name or password`);
    expect(driver.lastError?.describe()).not.toContain('first');
    // etcd3 by itself asks a thousand times a second.
    expect((await refusedRanges(url)) - refusals).toBeLessThan(5);
    writeFileSync(file, 'second\n');
    await put(url, key, 'after', await login());
    await driver.value('after');
  });
});

/** How many reads this etcd has refused so far. */
async function refusedRanges(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const refused =
    /^grpc_server_handled_total\{grpc_code="(?:Unauthenticated|InvalidArgument)",grpc_method="Range",.*\} (\d+)/gm;
  return [...metrics.matchAll(refused)].reduce((sum, [, count]) => sum + Number(count), 0);
}

describeWith(['etcd'], 'TLS', () => {
  it('a CA and a client certificate of files; the cause where they do not fit', async () => {
    const folder = temporaryFolder();
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const names = ['server', 'client'];
    for (const name of names) {
      const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
      const pair = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
      openssl(
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        ...pair,
        ...subject,
      );
    }
    const [cert, ca] = names.map((name) => readFileSync(join(folder, `${name}.crt`)));
    const key = readFileSync(join(folder, 'server.key'));
    const asked = { cert, key, ca, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
    const store = etcd().endpoints[0]!;
    const server = createTlsServer(asked, (client) => {
      const upstream = connect(Number(new URL(store).port), '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => {});
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const name = uniqueTopic('/etcd-source/');
    await put(store, name, 'secure');
    const endpoints = `localhost:${(server.address() as AddressInfo).port}`;
    const file = (name: string) => join(folder, name);
    const driver = new Driver({
      endpoints,
      key: name,
      tls: { ca: file('server.crt'), cert: file('client.crt'), key: file('client.key') },
    });
    await driver.value('secure');
    await driver.stop();
    const untrusting = new Driver({ endpoints: `https://${endpoints}`, key: name });
    await untrusting.until(() => untrusting.lastError?.code === 'LC_SOURCE_UNREACHABLE');
    expect(untrusting.lastError?.message).toContain(`etcd at https://${endpoints}: self-signed certificate`);
    const missing = new Driver({ endpoints, key: name, tls: { ca: file('none.crt') } });
    await missing.until(() => missing.lastError !== undefined);
    expect(missing.lastError?.message).toContain("no such file or directory, open '");
  });
});

describeWith(['etcd'], 'the status that an agent reports', () => {
  async function reporting(url: string, ttl = '2s') {
    const context = fakeConfigContext();
    const given = options.parse({ endpoints: url, key: '/config', report: { prefix: '/agents/', ttl } });
    const source = new EtcdSource(given, context);
    onTestFinished(() => source.stop());
    await source.start(new AbortController().signal);
    return { source, context };
  }

  async function until(what: () => unknown | Promise<unknown>): Promise<void> {
    const deadline = performance.now() + promised;
    while (!(await what())) {
      if (performance.now() > deadline) throw new Error(`not within ${promised} ms: ${what}`);
      await sleep(20);
    }
  }

  const stands = async (url: string, field: string) => (await get(url, '/agents/a1'))?.includes(field);

  it('is kept, also by a store that was restarted empty, and goes with the agent', async () => {
    const dataDir = temporaryFolder();
    const server = await own({ dataDir, port: await freePort() });
    const { source, context } = await reporting(server.url);
    source.report('{"agent_id":"a1","lag":1}');
    await until(() => stands(server.url, '"lag":1'));
    expect(JSON.parse((await get(server.url, '/agents/a1'))!)).toEqual({
      agent_id: 'a1',
      lag: 1,
      instance: expect.any(String),
    });
    for (let lag = 2; lag <= 5; lag++) source.report(`{"agent_id":"a1","lag":${lag}}`);
    await until(() => stands(server.url, '"lag":5'));
    await sleep(3_000); // longer than the lease lives by itself
    expect(await stands(server.url, '"lag":5')).toBe(true);
    await server.kill();
    rmSync(join(dataDir, 'data'), { recursive: true });
    await server.restart();
    await until(() => stands(server.url, '"lag":5'));
    expect(context.degradedBy).toBeNull();
    await source.stop();
    expect(await get(server.url, '/agents/a1')).toBeUndefined();
  });

  it('another live agent with the same id is noticed, and one that has crashed is not', async () => {
    const server = await own();
    const first = await reporting(server.url);
    first.source.report('{"agent_id":"a1","host":"h1"}');
    await until(() => stands(server.url, '"h1"'));
    const second = await reporting(server.url);
    second.source.report('{"agent_id":"a1","host":"h2"}');
    await until(() => second.context.degradedBy);
    expect(second.context.degradedBy).toBe('another agent on h1 reports as /agents/a1');
    expect(first.context.degradedBy).toBeNull();
    expect(await stands(server.url, '"h1"')).toBe(true);
    await first.source.stop();
    await until(() => stands(server.url, '"h2"'));
    await until(() => second.context.degradedBy === null);

    // As one that was killed leaves it.
    await second.source.stop();
    const { ID } = (await call(server.url, 'lease/grant', { TTL: 2 })) as { ID: string };
    const value = base64('{"instance":"killed","host":"h0"}');
    await call(server.url, 'kv/put', { key: base64('/agents/a1'), value, lease: ID });
    const third = await reporting(server.url);
    third.source.report('{"agent_id":"a1","host":"h3"}');
    await until(async () => third.context.degradedBy !== null || (await stands(server.url, '"h3"')));
    expect(third.context.degradedBy).toBeNull();
  });
});

describeWith(['etcd'], 'stop', () => {
  it('leaves nothing behind, at any moment', async () => {
    const server = await own();
    await put(server.url, '/k', 'v');
    const given = options.parse({ endpoints: server.endpoints, key: '/k', report: { prefix: '/agents' } });
    const before = sockets();
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const signal = new AbortController().signal;
    for (const delay of [undefined, 0, 1, 3, 5, 8, 12, 20, 40, 80]) {
      const source = new EtcdSource(given, fakeConfigContext());
      await source.start(signal);
      source.report('{"agent_id":"a"}');
      const loading = source.load(signal).catch((error: unknown) => error);
      if (delay !== undefined) await sleep(delay);
      await Promise.all([source.stop(), source.stop()]);
      await loading;
      await expect(source.load(signal)).rejects.toThrow();
      await expect(source.start(signal)).rejects.toThrow();
    }
    const never = new EtcdSource(given, fakeConfigContext());
    await never.stop();
    // A closed socket is gone one turn of the loop later.
    const deadline = performance.now() + 5_000;
    while (sockets() > before && performance.now() < deadline) await sleep(20);
    expect(sockets()).toBeLessThanOrEqual(before);
    expect(warnings).toEqual([]);
  });
});

/** Open sockets of this process, also those that do not keep it alive. */
function sockets(): number {
  if (!existsSync('/proc/self/fd'))
    return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // the one that listed them
    }
  }).length;
}
