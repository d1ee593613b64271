import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { consumeAll, createTopic, uniqueTopic } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipelineFile, runPipeline, startAgent, temporaryFolder } from './support/agent.ts';
import { valuesByKey } from './support/load.ts';

const files = 16;
const linesPerFile = 12_500;

/** Lines of every shape, as bytes without their end. */
function shapes(file: number): { value: Buffer; end: string }[] {
  return Array.from({ length: linesPerFile }, (_, number) => {
    const end = number % 3 === 0 ? '\r\n' : '\n';
    const shape = (number + file) % 40;
    const label = `${file}:${number} `;
    if (shape === 0) return { value: Buffer.alloc(0), end };
    if (shape === 1) return { value: Buffer.from('x'), end };
    if (shape === 2) return { value: Buffer.concat([Buffer.from(label), Buffer.from([0, 1, 0])]), end };
    if (shape === 3) return { value: Buffer.concat([Buffer.from(label), Buffer.from([0xff, 0xfe, 0xc3])]), end };
    if (shape === 4) return { value: Buffer.from(`${label}a CR \r inside, and one before the end\r`), end: '\r\n' };
    if (number % 5_000 === 4_999) return { value: Buffer.from(label + 'y'.repeat(100_000)), end };
    return { value: Buffer.from(`${label}${'z'.repeat(number % 200)}`), end };
  });
}

describeWith(['kafka'], 'run --once', () => {
  it('ships files of mixed shapes byte for byte and in order, and then only what is new', async () => {
    const { brokers } = kafka();
    const folder = temporaryFolder();
    const topic = uniqueTopic('once');
    await createTopic(brokers, topic, 4);
    const expected = new Map<string, string[]>();
    for (let file = 0; file < files; file++) {
      const lines = shapes(file);
      const last = lines.at(-1)!;
      last.value = Buffer.from(`${file}: no line end`);
      last.end = '';
      writeFileSync(
        join(folder, `f${file}.log`),
        Buffer.concat(lines.flatMap(({ value, end }) => [value, Buffer.from(end)])),
      );
      expected.set(
        `f${file}.log`,
        lines.map(({ value }) => value.toString('latin1')),
      );
    }
    const yaml = pipelineFile(
      folder,
      `
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs:
  kafka: { type: kafka, brokers: "${brokers.join(',')}", topic: ${topic}, key: "{{ name }}" }`,
    );
    const arrived = async () => valuesByKey(await consumeAll(brokers, topic), 'latin1');

    expect(await runPipeline('run', yaml, '--once')).toMatchObject({ code: 0 });
    expectSame(await arrived(), expected);

    expect(await runPipeline('run', yaml, '--once')).toMatchObject({ code: 0 });
    expectSame(await arrived(), expected);

    // The first line end finishes a line that was shipped without one: it makes no record of its own.
    for (let number = 0; number < 1_000; number++) {
      const name = `f${number % files}.log`;
      appendFileSync(join(folder, name), `${number < files ? '\n' : ''}new ${number}\n`);
      expected.get(name)!.push(`new ${number}`);
    }
    expect(await runPipeline('run', yaml, '--once')).toMatchObject({ code: 0 });
    expectSame(await arrived(), expected);
  });

  it('says what is missing when Kafka is away, and exits with 1', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.log'), 'a line\n');
    const yaml = pipelineFile(
      folder,
      `
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { kafka: { type: kafka, brokers: "127.0.0.1:1", topic: t } }`,
    );
    const { code, stderr } = await runPipeline('run', yaml, '--once', '--timeout', '2s');
    expect(code).toBe(1);
    expect(stderr).toContain('LC_OUTPUT_UNREACHABLE');
    expect(stderr).toContain('127.0.0.1:1');
    const messages = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).message);
    const gaveUp = messages.findIndex((message) => message.endsWith('nothing moved for 2s:'));
    expect(messages.findIndex((message) => message.startsWith('stopping'))).toBeGreaterThan(gaveUp);
  });

  it('says that it stands still, why, and when it gives up', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.log'), 'a line\n');
    const yaml = pipelineFile(
      folder,
      `
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { kafka: { type: kafka, brokers: "127.0.0.1:1", topic: t } }`,
    );
    const agent = await startAgent(yaml, ['--once']);
    await agent.printed(
      /nothing has moved for 10s, and in \d+s the run gives up \(--timeout 60s\): .*kafka is \w+: LC_OUTPUT_UNREACHABLE/,
    );
    agent.kill('SIGINT');
    expect(await agent.exited).toBe(1);
  });

  it('names the pattern that matches no file, and exits with 1', async () => {
    const folder = temporaryFolder();
    const yaml = pipelineFile(
      folder,
      `
inputs: { app: { type: file-tail, paths: ./nothing/*.log } }
outputs: { screen: { type: console } }`,
    );
    const { code, stderr } = await runPipeline('run', yaml, '--once');
    expect(code).toBe(1);
    expect(stderr).toContain('LC_INPUT_NO_MATCH');
    expect(stderr).toContain('nothing/*.log');
  });
});

/** Equal maps of lists, with a message that a person can read where they differ. */
function expectSame(actual: Map<string, string[]>, expected: Map<string, string[]>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, lines] of expected) {
    const got = actual.get(name)!;
    const at = lines.findIndex((line, i) => line !== got[i]);
    expect({ name, at, line: got[at], count: got.length }).toEqual({
      name,
      at: -1,
      line: undefined,
      count: lines.length,
    });
  }
}
