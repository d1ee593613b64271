import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTopic, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith, etcd } from './servers/require.ts';
import { pipelineFile, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { EtcdKey } from './support/etcd.ts';
import { Load } from './support/load.ts';
import { secureKafka, user } from './support/secure-kafka.ts';

const deadline = 60_000;

describeWith(['kafka', 'etcd'], 'a login, and configuration in etcd', () => {
  const secure = secureKafka();

  it('what would send the login elsewhere, or another file with it, is refused, and the brokers before go on', async () => {
    const { server, sasl, files } = secure();
    const topic = uniqueTopic('remote');
    await createTopic(server.brokers, topic, 1);
    const remote = new EtcdKey(etcd().endpoints[0]!);
    await remote.put({ brokers: sasl, password: user.password });
    const folder = temporaryFolder();
    const load = new Load(folder, ['a']);
    const yaml = (tls: string) => `
config:
  remote: { type: etcd, endpoints: "${etcd().endpoints[0]}", key: ${remote.key} }
inputs:
  a: { type: file-tail, paths: ./a.log }
outputs:
  kafka:
    type: kafka
    brokers: "\${remote.brokers}"
    topic: ${topic}
    tls: ${tls}
    sasl: { mechanism: plain, username: ${user.name}, password: "\${remote.password}" }`;
    const vouched = yaml(`{ ca: ${files.ca} }`);
    const file = pipelineFile(folder, vouched);
    const agent = await startAgent(file);
    const ships = async () => {
      load.append('a', 10);
      await waitForRecords(server.brokers, topic, load.total, deadline);
    };
    await ships();

    const stranger = join(folder, 'id_rsa');
    writeFileSync(stranger, 'not for others');
    const revision = await remote.put({ brokers: sasl, password: { file: stranger } });
    await agent.printed(`revision ${revision}`);
    const refused = await statusOf(file);
    expect(refused.sources).toMatchObject([
      {
        state: 'degraded',
        reason: expect.stringMatching(/outputs\.kafka\.sasl\.password: a remote source cannot say which file/),
      },
    ]);
    expect(refused.components.find(({ id }) => id === 'kafka')?.state).toBe('running');
    await ships();
    await remote.put({ brokers: sasl, password: user.password });

    // Any authority that browsers trust would do then.
    writeFileSync(file, yaml('true'));
    await agent.printed('outputs.kafka.brokers: a remote source cannot say who gets a login');
    const { configuration, components } = await statusOf(file);
    expect(JSON.stringify(configuration)).toContain('outputs.kafka.brokers: a remote source cannot say');
    expect(components.find(({ id }) => id === 'kafka')?.state).toBe('running');
    await ships();
    await agent.stop();
    expect(agent.stderr).not.toContain(user.password);
  }, 120_000);
});
