import { configSourceContract } from '@logcatch/testing';
import { expect, it } from 'vitest';
import plugin from '../plugins/config-etcd/src/index.ts';
import { tuning } from '../plugins/config-etcd/src/tuning.ts';
import { uniqueTopic } from './servers/index.ts';
import { describeWith, etcd } from './servers/require.ts';
import { EtcdKey } from './support/etcd.ts';
import { SourceDriver } from './support/etcd-source.ts';

describeWith(['etcd'], 'what etcd holds', () => {
  const url = () => etcd().endpoints[0]!;
  const folder = () => {
    const prefix = `${uniqueTopic('/etcd-source/')}/`;
    return { prefix, key: (name: string) => new EtcdKey(url(), `${prefix}${name}`) };
  };

  it('a key: its text, with its revision; changes at once; deleted is absent', async () => {
    const key = new EtcdKey(url());
    const name = key.key;
    // Only the watch can tell of changes.
    const driver = new SourceDriver({ endpoints: url(), key: name, format: 'yaml' }, { ...tuning, look: 3_600_000 });
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_ABSENT');
    expect(driver.lastError?.message).toMatch(`etcd key ${name} is not there (${url()}, store revision `);
    const revision = await key.put('a: ä');
    await driver.value('a: ä');
    expect(driver.loaded).toEqual({
      document: { text: 'a: ä', format: 'yaml', label: `etcd key ${name}, revision ${revision}` },
      revision,
    });
    await key.put('');
    await driver.value('');
    const errors = driver.errors.length;
    await key.remove();
    await driver.until(() => driver.errors.length > errors);
    expect(driver.lastError?.code).toBe('LC_SOURCE_ABSENT');
    expect(driver.texts['']).toBe('');
  });

  it('a prefix: a map, entries added and removed; without keys it is absent', async () => {
    const { prefix, key } = folder();
    const driver = new SourceDriver({ endpoints: url(), prefix });
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_ABSENT');
    await key('a').put('1');
    await key('__proto__').put('2');
    const revision = await key('b/c').put('3');
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
    await key('a').remove();
    await driver.until(() => Object.keys(driver.texts).length === 2);
    expect(driver.loaded?.revision).toBe(`${revision}/2`);
    const errors = driver.errors.length;
    for (const name of ['__proto__', 'b/c']) await key(name).remove();
    await driver.until(() => driver.errors.length > errors);
    expect(driver.lastError?.message).toContain(`etcd prefix ${prefix} has no keys`);
  });

  it('bytes that are no text are bad', async () => {
    const key = new EtcdKey(url());
    await key.put(Buffer.from([0xff, 0xfe]));
    const driver = new SourceDriver({ endpoints: url(), key: key.key });
    await driver.until(() => driver.lastError?.code === 'LC_SOURCE_BAD');
    expect(driver.lastError?.message).toContain(`etcd key ${key.key}, revision `);
  });

  it('more than gRPC takes by itself', async () => {
    const { prefix, key } = folder();
    for (let i = 0; i < 6; i++) await key(String(i)).put('x'.repeat(1_000_000));
    const driver = new SourceDriver({ endpoints: url(), prefix });
    await driver.until(() => Object.keys(driver.texts).length === 6);
  });
});

describeWith(['etcd'], 'the etcd source keeps the configuration source contract', () => {
  const suite = configSourceContract(async () => {
    const [url] = etcd().endpoints;
    const key = new EtcdKey(url!);
    const options = plugin.definition.options.parse({ endpoints: url, key: key.key, format: 'text' });
    return {
      create: (context) => plugin.definition.create(options, context),
      put: async (word) => void (await key.put(word)),
      remove: async () => void (await key.remove()),
      wordOf: (loaded) => ('document' in loaded ? loaded.document.text : undefined),
    };
  });
  for (const { name, run } of suite) it(name, run);
});
