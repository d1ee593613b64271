import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { follow } from './servers/follow.ts';
import { createTopic, kafkaClient, uniqueTopic } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { Child } from './support/child.ts';

const script = new URL('../scripts/services.ts', import.meta.url).pathname;
const values = Array.from({ length: 800 }, (_, i) => `${i} ${'x'.repeat(1_000)}`);
const printed = values.map((value, i) => `0:${i} ${value}\n`).join('');

/** A topic with more than fits into a pipe. */
async function topicOfMany(): Promise<{ brokers: string[]; topic: string }> {
  const { brokers } = kafka();
  const topic = uniqueTopic('consume');
  await createTopic(brokers, topic);
  const producer = kafkaClient(brokers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
  return { brokers, topic };
}

it('pnpm services names the command that was probably meant', async () => {
  const { code, stderr } = await new Child(process.execPath, [script, 'stauts']).result();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^There is no command "stauts", did you mean "status"\?\n/);
});

describeWith(['kafka'], 'pnpm services consume', () => {
  it('holds no more than a reader that is slow has room for', async () => {
    const { brokers, topic } = await topicOfMany();
    const end = new AbortController();
    let taken = '';
    let waiting = 0;
    const reader = new Writable({
      highWaterMark: 2_000,
      write(line: Buffer, _, done) {
        taken += line;
        waiting = Math.max(waiting, this.writableLength);
        if (taken.length === printed.length) end.abort();
        setImmediate(done);
      },
    });
    await follow(brokers, topic, true, reader, end.signal);
    expect(taken).toBe(printed);
    expect(waiting).toBeLessThan(4_000);
  });

  it('ends behind a whole record at Ctrl-C, also where nobody has read yet', async () => {
    const { brokers, topic } = await topicOfMany();
    const env = { KAFKA_BROKERS: brokers.join(',') };
    const consumer = new Child(process.execPath, [script, 'consume', topic, '--from-beginning'], { env, unread: true });
    await consumer.printed('Reading');
    await setTimeout(500); // for the pipe to fill: where that takes longer the test sees less
    consumer.kill('SIGINT');
    await setTimeout(50);
    consumer.read();
    expect(await consumer.exited).toBe(0);
    expect(printed.startsWith(consumer.stdout)).toBe(true);
    expect(`\n${consumer.stdout}`.at(-1)).toBe('\n');
  });
});
