import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Examination } from '@logcatch/core';
import { expect, it } from 'vitest';
import { createTopic, uniqueTopic } from './servers/index.ts';
import { freePort } from './servers/process.ts';
import { describeWith, etcd, kafka } from './servers/require.ts';
import { bin, pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';
import { shop, shown } from './support/cli-readme.ts';
import { EtcdKey } from './support/etcd.ts';

/** Lines without what is another on each machine. */
const lines = (text: string) =>
  text.split('\n').map((line) => line.replace(/, as .*/, '').replaceAll(/v[\d.]+|\d+/g, 'N'));

it('doctor says what the README shows, and makes nothing', async () => {
  const folder = temporaryFolder();
  shop(folder);
  const { args, output } = shown('doctor', folder);
  const { code, stdout, stderr } = await runPipeline(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // A machine may have more to say.
  expect(lines(stdout)).toEqual(expect.arrayContaining(lines(output)));
  expect(await runPipeline('doctor', join(folder, 'none.yaml'))).toMatchObject({ code: 2, stdout: '' });
});

it.skipIf(process.getuid?.() !== 0)('doctor names what its user may not read, and what is too small', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'closed'));
  writeFileSync(join(folder, 'a.log'), '');
  chmodSync(join(folder, 'a.log'), 0o600);
  chmodSync(join(folder, 'closed'), 0o700);
  chmodSync(folder, 0o755);
  const file = pipelineFile(
    folder,
    'inputs: { app: { type: file-tail, paths: [./*.log, ./closed/*.log] } }\noutputs: { screen: { type: console } }',
  );
  const limited = ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, bin, 'doctor', file];
  const { status, stdout } = spawnSync('sh', limited, {
    uid: 65_534,
    gid: 65_534,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  expect(status).toBe(1);
  expect(stdout).toContain(`problem  data_dir ${join(folder, '.logcatch/test')} cannot be written`);
  expect(stdout).toContain(`problem  ${join(folder, 'a.log')} cannot be read: EACCES`);
  expect(stdout).toContain(`problem  ${join(folder, 'closed')} cannot be read: EACCES`);
  expect(stdout).toContain('problem  a process may open 64 files only');
  expect(stdout).toMatch(/\n4 problems, \d warnings?\.\n$/);
});

describeWith(['kafka', 'etcd'], 'doctor, of servers', () => {
  it('says what is there, what is missing, and what cannot be reached', async () => {
    const [there, missing] = [uniqueTopic('there'), uniqueTopic('missing')];
    const [endpoint = ''] = etcd().endpoints;
    const key = new EtcdKey(endpoint);
    await key.put([{ path: '/var/log/x.log' }]);
    const down = `127.0.0.1:${await freePort()}`;
    const brokers = kafka().brokers.join(',');
    const file = pipelineFile(
      temporaryFolder(),
      `
config: { list: { type: etcd, endpoints: "${endpoint},${down}", key: ${key.key} } }
inputs:
  app: { type: file-tail, each: "\${list}", paths: "\${each.path}", attributes: { topic: ${there} } }
  other: { type: file-tail, paths: ./x.log, attributes: { topic: ${missing} } }
outputs:
  kafka: { type: kafka, brokers: "${brokers}", topic: "{{ topic }}", delivery: exactly-once }
  gone: { type: kafka, brokers: "${down}", topic: ${there}, required: false }`,
    );
    await createTopic(kafka().brokers, there, 3);
    const { code, stdout, stderr } = await runPipeline('doctor', file, '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const { examinations } = JSON.parse(stdout) as { examinations: Examination[] };
    const of = (subject: string) => examinations.find((one) => one.subject === subject)!.findings;
    expect(of('config etcd')).toMatchObject([
      { level: 'ok', what: expect.stringMatching(/^list: .* answers, etcd \d+\.\d+\.\d+, and holds key/) },
      { level: 'problem', what: expect.stringContaining('ECONNREFUSED') },
    ]);
    const said = of('output kafka');
    expect(said).toContainEqual({ level: 'ok', what: `kafka: topic ${there} has 3 partitions and may be written` });
    const hint = expect.stringContaining(`--create --topic ${missing}`);
    expect(said).toContainEqual({ level: 'problem', what: expect.stringContaining(missing), hint });
    expect(said).toContainEqual({ level: 'ok', what: expect.stringContaining('transaction') });
    expect(said.at(-1)).toEqual({
      level: 'problem',
      what: expect.stringContaining(`gone: LC_OUTPUT_UNREACHABLE cannot reach ${down}`),
      hint: expect.stringContaining('Check address'),
    });
    // Nothing was made by being asked for.
    expect((await runPipeline('doctor', file, '--json')).stdout).toContain(`topic ${missing} does not exist`);
  });
});
