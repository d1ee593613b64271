import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeWith } from './servers/require.ts';
import { temporaryFolder } from './support/agent.ts';
import { askEtcd, base64, EtcdKey, loginToEtcd } from './support/etcd.ts';
import { SourceDriver } from './support/etcd-source.ts';
import { ownEtcd } from './support/own-server.ts';

describeWith(['etcd'], 'users', () => {
  it('enabled, a password changed', async () => {
    const server = await ownEtcd();
    const { endpoints, url } = server;
    const store = new EtcdKey(url);
    const { key } = store;
    const file = join(temporaryFolder(), 'password');
    writeFileSync(file, 'first\n');
    await store.put('before');
    const anonymous = new SourceDriver({ endpoints, key });
    const stranger = new SourceDriver({ endpoints, key: '/other', username: 'app', password: 'first' });
    const driver = new SourceDriver({ endpoints, key, username: 'app', password: { file } });
    await driver.value('before');
    const auth = (path: string, body: Record<string, unknown>, token?: string) =>
      askEtcd(url, `auth/${path}`, body, token);
    for (const name of ['root', 'app']) {
      await auth('user/add', { name, password: name === 'root' ? 'admin' : 'first' });
      await auth('role/add', { name });
      await auth('user/grant', { user: name, role: name });
    }
    await auth('role/grant', { name: 'app', perm: { permType: 'READ', key: base64(key) } });
    await auth('enable', {});
    store.token = await loginToEtcd(url, 'root', 'admin');
    await store.put('with users');
    await driver.value('with users');
    await anonymous.until(() => anonymous.lastError?.message.includes('takes no requests without a user') === true);
    await stranger.until(() => stranger.lastError?.message.includes('does not let user app read key /other') === true);
    expect(stranger.lastError?.describe()).toContain('etcdctl role grant-permission ROLE read /other');
    await Promise.all([anonymous.stop(), stranger.stop()]);

    const refusals = await refusedRanges(url);
    expect(refusals).toBeGreaterThan(0);
    await auth('user/changepw', { name: 'app', password: 'second' }, store.token);
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_UNREACHABLE');
    expect(driver.lastError?.message).toBe(`etcd at ${url} refuses user app: wrong name or password`);
    expect(driver.lastError?.describe()).not.toContain('first');
    // etcd3 by itself asks a thousand times a second.
    await sleep(500);
    expect((await refusedRanges(url)) - refusals).toBeLessThan(5);
    writeFileSync(file, 'second\n');
    store.token = await loginToEtcd(url, 'root', 'admin');
    await store.put('after');
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
