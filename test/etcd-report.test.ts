import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeConfigContext } from '@logcatch/testing';
import { expect, it, onTestFinished } from 'vitest';
import { options } from '../plugins/config-etcd/src/options.ts';
import { EtcdSource } from '../plugins/config-etcd/src/source.ts';
import { describeWith } from './servers/require.ts';
import { askEtcd, base64, EtcdKey } from './support/etcd.ts';
import { until } from './support/etcd-source.ts';
import { ownEtcd } from './support/own-server.ts';

describeWith(['etcd'], 'the status that an agent reports', () => {
  async function reporting(url: string, ttl = '2s') {
    const context = fakeConfigContext();
    const given = options.parse({ endpoints: url, key: '/config', report: { prefix: '/agents/', ttl } });
    const source = new EtcdSource(given, context);
    onTestFinished(() => source.stop());
    await source.start(new AbortController().signal);
    return { source, context };
  }

  const status = (url: string) => new EtcdKey(url, '/agents/a1');
  const stands = async (url: string, field: string) => (await status(url).get())?.includes(field);

  it('is kept, also by a store that was restarted empty, and goes with the agent', async () => {
    const server = await ownEtcd();
    const { source, context } = await reporting(server.url);
    source.report('{"agent_id":"a1","lag":1}');
    await until(() => stands(server.url, '"lag":1'));
    expect(JSON.parse((await status(server.url).get())!)).toEqual({
      agent_id: 'a1',
      lag: 1,
      instance: expect.any(String),
    });
    for (let lag = 2; lag <= 5; lag++) source.report(`{"agent_id":"a1","lag":${lag}}`);
    await until(() => stands(server.url, '"lag":5'));
    await sleep(3_000); // longer than the lease lives by itself
    expect(await stands(server.url, '"lag":5')).toBe(true);
    await server.kill();
    rmSync(join(server.node!.dataDir, 'data'), { recursive: true });
    await server.restart();
    await until(() => stands(server.url, '"lag":5'));
    expect(context.degradedBy).toBeNull();
    await source.stop();
    expect(await status(server.url).get()).toBeUndefined();
  });

  it('another live agent with the same id is noticed, and one that has crashed is not', async () => {
    const server = await ownEtcd();
    const first = await reporting(server.url);
    first.source.report('{"agent_id":"a1","host":"h1"}');
    await until(() => stands(server.url, '"h1"'));
    const second = await reporting(server.url);
    second.source.report('{"agent_id":"a1","host":"h2"}');
    await until(() => second.context.degradedBy !== null);
    expect(second.context.degradedBy).toBe('another agent on h1 reports as /agents/a1');
    expect(first.context.degradedBy).toBeNull();
    expect(await stands(server.url, '"h1"')).toBe(true);
    await first.source.stop();
    await until(() => stands(server.url, '"h2"'));
    await until(() => second.context.degradedBy === null);

    // As one that was killed leaves it.
    await second.source.stop();
    const { ID } = (await askEtcd(server.url, 'lease/grant', { TTL: 2 })) as { ID: string };
    const value = base64('{"instance":"killed","host":"h0"}');
    await askEtcd(server.url, 'kv/put', { key: base64('/agents/a1'), value, lease: ID });
    const third = await reporting(server.url);
    third.source.report('{"agent_id":"a1","host":"h3"}');
    await until(async () => third.context.degradedBy !== null || (await stands(server.url, '"h3"')));
    expect(third.context.degradedBy).toBeNull();
  });
});
