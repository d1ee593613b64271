import { expect, it } from 'vitest';
import { consumeAll, createTopic, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipeline, pipelineFile, statusOf, temporaryFolder } from './support/agent.ts';
import { asWritten, compare, Load, valuesByKey } from './support/load.ts';

const deadline = 60_000;
const lines = 20_000;

describeWith(['kafka'], 'topics that are missing', () => {
  it('hold up only their own sources, in no memory, until they are there', async () => {
    const { brokers } = kafka();
    const [good, missing] = [uniqueTopic('good'), uniqueTopic('missing')];
    await createTopic(brokers, good, 2);
    const folder = temporaryFolder();
    const bad = Array.from({ length: 10 }, (_, i) => `bad-${i}`);
    const load = new Load(folder, [...bad, 'good']);
    for (const name of bad) load.append(name, lines);
    // Less than the files of the missing topic have: kept in memory, they would leave none for others.
    const file = pipelineFile(
      folder,
      `max_bytes: 4MiB
inputs:
  bad: { type: file-tail, paths: ./bad-*.log, attributes: { topic: ${missing} } }
  good: { type: file-tail, paths: ./good.log, attributes: { topic: ${good} } }
outputs:
  kafka: { type: kafka, brokers: "${brokers}", topic: "{{ topic }}", key: "{{ name }}" }`,
    );
    const agent = pipeline('run', file);
    await agent.printed('LC_OUTPUT_TOPIC_MISSING');
    load.append('good', lines);
    await waitForRecords(brokers, good, lines, deadline);

    await expect
      .poll(async () => (await statusOf(file)).components.find(({ id }) => id === 'bad')!.input!.unsettled, {
        timeout: deadline,
      })
      .toBe(0);
    const { components } = await statusOf(file);
    const { sources } = components.find(({ id }) => id === 'bad')!.input!;
    expect(sources.map(({ position, pausedBy }) => ({ position, pausedBy }))).toEqual(
      bad.map(() => ({ position: 0, pausedBy: ['output stuck'] })),
    );
    expect(components.find(({ id }) => id === 'kafka')).toMatchObject({
      state: 'stuck',
      reason: expect.stringMatching(`${missing} does not exist.*since`),
      hint: expect.stringContaining('kafka-topics.sh'),
    });

    await createTopic(brokers, missing, 2);
    await waitForRecords(brokers, missing, lines * bad.length, deadline);
    await agent.stop();
    for (const topic of [good, missing]) {
      for (const [name, values] of valuesByKey(await consumeAll(brokers, topic))) {
        const expected = load.lines(name.replace('.log', ''));
        expect(compare(expected, values), name).toEqual(asWritten);
      }
    }
  });
});
