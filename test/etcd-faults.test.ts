import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tuning } from '../plugins/config-etcd/src/tuning.ts';
import { describeWith } from './servers/require.ts';
import { askEtcd, EtcdKey } from './support/etcd.ts';
import { SourceDriver } from './support/etcd-source.ts';
import { ownEtcd } from './support/own-server.ts';
import { startProxy } from './support/proxy.ts';
import { sockets } from './support/sockets.ts';

describeWith(['etcd'], 'after a fault of etcd a new value is in effect', () => {
  const key = '/logcatch/app';
  const put = (url: string, value: string) => new EtcdKey(url, key).put(value);

  it('killed and started again', async () => {
    const server = await ownEtcd();
    await put(server.url, 'before');
    const driver = new SourceDriver({ endpoints: server.endpoints, key });
    await driver.value('before');
    await server.kill();
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_UNREACHABLE');
    expect(driver.lastError?.message).toBe(`etcd at ${server.url}: connect ECONNREFUSED ${new URL(server.url).host}`);
    await driver.until(() => driver.errors.length === 3);
    await server.restart();
    await put(server.url, 'after');
    await driver.value('after');
  });

  it('hangs', async () => {
    const server = await ownEtcd();
    await put(server.url, 'before');
    const driver = new SourceDriver({ endpoints: server.endpoints, key, connect_timeout: '500ms' });
    await driver.value('before');
    server.pause();
    await driver.until(() => driver.errors.length === 1);
    expect(driver.lastError?.message).toBe(`etcd at ${server.url}: no answer within 500 ms`);
    const between = sockets();
    await driver.until(() => driver.errors.length === 3);
    expect(sockets()).toBeLessThanOrEqual(between);
    server.resume();
    await put(server.url, 'after');
    await driver.value('after');
  });

  it('compacted while nobody was connected', async () => {
    const server = await ownEtcd();
    const proxy = await startProxy(server.url);
    await put(server.url, 'before');
    const driver = new SourceDriver({ endpoints: proxy.url, key });
    await driver.value('before');
    proxy.close();
    for (let i = 0; i < 20; i++) await put(server.url, `missed ${i}`);
    const revision = await put(server.url, 'missed');
    await askEtcd(server.url, 'kv/compaction', { revision, physical: true });
    proxy.open();
    await driver.value('missed');
    await put(server.url, 'after');
    await driver.value('after');
  });

  it('connections that are open on one side only', async () => {
    const server = await ownEtcd();
    const proxy = await startProxy(server.url);
    await put(server.url, 'before');
    const drivers = [1, 2, 3].map(() => new SourceDriver({ endpoints: proxy.url, key }, tuning));
    for (const driver of drivers) await driver.value('before');
    // Shared, a broken one would be given to the next source, too.
    expect(proxy.connections).toBe(3);
    proxy.halfOpen();
    await put(server.url, 'after');
    for (const driver of drivers) await driver.value('after');
  });

  it('restarted empty: what was there goes on', async () => {
    const server = await ownEtcd();
    await put(server.url, 'before');
    const driver = new SourceDriver({ endpoints: server.endpoints, key });
    await driver.value('before');
    await server.kill();
    rmSync(join(server.node!.dataDir, 'data'), { recursive: true });
    await server.restart();
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_ABSENT');
    expect(driver.texts['']).toBe('before');
    await put(server.url, 'after');
    await driver.value('after');
  });

  it('another endpoint takes over, whether the first ends or hangs', async () => {
    // Two stores in place of two members, so that it can be seen which was asked.
    const servers = await Promise.all([ownEtcd(), ownEtcd()]);
    await Promise.all(servers.map(({ url }, i) => put(url, `store ${i}`)));
    const driver = new SourceDriver({ endpoints: servers.map(({ url }) => url), key });
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
});
