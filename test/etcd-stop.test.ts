import { setTimeout as sleep } from 'node:timers/promises';
import { fakeConfigContext } from '@logcatch/testing';
import { expect, it, onTestFinished } from 'vitest';
import { options } from '../plugins/config-etcd/src/options.ts';
import { EtcdSource } from '../plugins/config-etcd/src/source.ts';
import { describeWith } from './servers/require.ts';
import { EtcdKey } from './support/etcd.ts';
import { ownEtcd } from './support/own-server.ts';
import { sockets } from './support/sockets.ts';

describeWith(['etcd'], 'stop', () => {
  it('leaves nothing behind, at any moment', async () => {
    const server = await ownEtcd();
    await new EtcdKey(server.url, '/k').put('v');
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
    const deadline = performance.now() + 30_000;
    while (sockets() > before && performance.now() < deadline) await sleep(20);
    expect(sockets()).toBeLessThanOrEqual(before);
    expect(warnings).toEqual([]);
  });
});
