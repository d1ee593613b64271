import { truncateSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { consumeAll, createTopic, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipelineFile, startAgent, temporaryFolder } from './support/agent.ts';
import { asWritten, compare, Load, valuesByKey } from './support/load.ts';

const deadline = 120_000;

async function setUp(extra = '') {
  const { brokers } = kafka();
  const folder = temporaryFolder();
  const topic = uniqueTopic('follow');
  await createTopic(brokers, topic, 4);
  const yaml = (attributes = '') => `${extra}
inputs: { app: { type: file-tail, paths: ./*.log${attributes} } }
outputs:
  kafka: { type: kafka, brokers: "${brokers.join(',')}", topic: ${topic}, key: "{{ name }}" }`;
  return { brokers, folder, topic, yaml, file: pipelineFile(folder, yaml()) };
}

describeWith(['kafka'], 'following', () => {
  it('ships 200,000 lines written while it runs, through two renames and a truncation, exactly', async () => {
    const { brokers, folder, topic, file } = await setUp();
    const load = new Load(folder, ['a', 'b']);
    for (const name of load.names) load.append(name, 100);
    const agent = await startAgent(file);

    for (let step = 0; step < 200; step++) {
      for (const name of load.names) load.append(name, 499);
      if (step === 60 || step === 120) load.rename('a', step);
      if (step === 90) {
        // Quiet: everything written has arrived, so nothing is destroyed unread.
        await waitForRecords(brokers, topic, load.total, deadline);
        truncateSync(load.path('b'));
        // A truncation is seen when the file is shorter than what was read; one that is refilled at once is not.
        await agent.printed('b.log: truncated');
      }
      await setTimeout(10);
    }
    expect(load.total).toBeGreaterThanOrEqual(199_600);
    await waitForRecords(brokers, topic, load.total, deadline);
    await agent.stop();

    const values = valuesByKey(await consumeAll(brokers, topic));
    for (const name of load.names) expect(compare(load.lines(name), values.get(`${name}.log`)!)).toEqual(asWritten);
  });

  it('starts at the end of files that exist where asked, and at the beginning of those that appear later', async () => {
    const { brokers, folder, topic, yaml } = await setUp();
    const load = new Load(folder, ['old', 'new']);
    load.append('old', 100);
    const agent = await startAgent(pipelineFile(folder, yaml(', from: end')));
    load.append('old', 10);
    load.append('new', 10);
    await waitForRecords(brokers, topic, 20, deadline);
    await agent.stop();
    const values = valuesByKey(await consumeAll(brokers, topic));
    expect(values.get('old.log')).toEqual(load.lines('old').slice(100));
    expect(values.get('new.log')).toEqual(load.lines('new'));
  });

  it('applies ten edits of the pipeline file under load: no line is missed or repeated', async () => {
    const { brokers, folder, topic, yaml } = await setUp();
    const load = new Load(folder, ['a', 'b', 'c', 'd']);
    for (const name of load.names) load.append(name, 100);
    const agent = await startAgent(pipelineFile(folder, yaml()));
    load.start(20_000);
    const other = `inputs:
  app: { type: file-tail, paths: ./*.log }
  other: { type: file-tail, paths: ./other/*.txt }`;
    const variants = [
      yaml(', attributes: { round: "1" }'),
      yaml(', attributes: { round: "2" }'),
      yaml().replace('inputs: { app: { type: file-tail, paths: ./*.log } }', other),
      yaml().replace('outputs:', 'transforms: { blank: { type: drop-blank } }\noutputs:'),
      yaml().replace('paths:', 'pahts:'),
      `shutdown_timeout: 3s\n${yaml()}`,
      yaml().replace('topic:', 'linger: 20ms, topic:'),
      yaml().replace('key:', 'partitioner: auto, batch_bytes: 64KiB, key:'),
      '{ not yaml',
      yaml(),
    ];
    for (const [round, variant] of variants.entries()) {
      const before = agent.stderr.split('configuration change').length;
      pipelineFile(folder, variant);
      // Each edit is applied or refused, and says so; the sixth changes no component.
      if (round === 5) await setTimeout(1_000);
      else while (agent.stderr.split('configuration change').length === before) await setTimeout(20);
    }
    load.stop();
    await waitForRecords(brokers, topic, load.total, deadline);
    await agent.stop();
    expect(agent.stderr).toContain('did you mean');
    const values = valuesByKey(await consumeAll(brokers, topic));
    for (const name of load.names) expect(compare(load.lines(name), values.get(`${name}.log`)!)).toEqual(asWritten);
  });

  it('reloads at SIGHUP', async () => {
    const { folder, yaml } = await setUp();
    new Load(folder, ['a']).append('a', 1);
    const agent = await startAgent(pipelineFile(folder, yaml()), ['--no-watch']);
    pipelineFile(folder, yaml(', attributes: { team: blue }'));
    await setTimeout(600);
    expect(agent.stderr).not.toContain('configuration change');
    agent.kill('SIGHUP');
    await agent.printed('applied (the file): new attributes for app');
    await agent.stop();
  });
});
