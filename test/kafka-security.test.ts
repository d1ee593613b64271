import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { AgentStatus } from '@logcatch/core';
import type { LogcatchError } from '@logcatch/plugin-api';
import { fakeOutputContext } from '@logcatch/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import kafka from '../plugins/output-kafka/src/index.ts';
import { consumeAll, createTopic, flat, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith } from './servers/require.ts';
import { pipeline, pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';
import { compare, Load, valuesByKey } from './support/load.ts';
import { allow, type SecureKafka, startSecureKafka, unsignedToken, user } from './support/secure-kafka.ts';

const deadline = 60_000;

describeWith(['kafka'], 'Kafka with TLS, SASL and permissions', () => {
  let folder: string;
  let secure: SecureKafka;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'logcatch-secure-'));
    secure = await startSecureKafka(folder);
  });
  afterAll(async () => {
    await secure?.server.stop();
    rmSync(folder, { recursive: true });
  });

  const password = { mechanism: 'scram-sha-512', username: user.name, password: user.password };

  function parse(given: object) {
    return kafka.definition.options.parse({ topic: 'any', connect_timeout: '5s', ...given });
  }

  /** Starts and stops an output. @throws what its start throws */
  async function start(given: object, options = parse(given)): Promise<void> {
    const output = kafka.definition.create(options, fakeOutputContext({ folder }));
    try {
      await output.start(new AbortController().signal);
    } finally {
      await output.stop();
    }
  }

  function failure(given: object, options = parse(given)): Promise<LogcatchError> {
    return start(given, options).then(
      () => expect.fail('it started'),
      (error: LogcatchError) => {
        expect(`${error.message} ${error.hint}`).not.toContain(user.password);
        return error;
      },
    );
  }

  it.each([
    ['plain', {}],
    ['scram-sha-256', {}],
    ['scram-sha-512', {}],
    ['oauthbearer', { token: unsignedToken() }],
  ])('logs in by %s', async (mechanism, { token }: { token?: string }) => {
    const sasl = token ? { mechanism, token } : { ...password, mechanism };
    await start({ brokers: secure.sasl, tls: { ca: secure.files.ca }, sasl });
  });

  it('logs in by a certificate', async () => {
    const { ca, cert, key } = secure.files;
    await start({ brokers: secure.mtls, tls: { ca, cert, key } });
  });

  it('names what is wrong: CA, host name, certificate, password, mechanism, file, no TLS', async () => {
    const { ca, other, cert } = secure.files;
    const tls = { ca };
    const cases: [object, RegExp, RegExp][] = [
      [{ brokers: secure.sasl, tls: true, sasl: password }, /certificate/, /tls\.ca/],
      [{ brokers: secure.sasl, tls: { ca: other }, sasl: password }, /certificate|signature/, /tls\.ca/],
      [{ brokers: secure.sasl, tls: { ca, server_name: 'kafka' }, sasl: password }, /kafka/, /server_name/],
      [{ brokers: secure.mtls, tls }, /certificate/, /tls\.cert/],
      [{ brokers: secure.sasl, tls, sasl: { ...password, password: 'wrong' } }, /credentials/i, /password/],
      [{ brokers: secure.sasl, tls, sasl: { ...password, username: 'nobody' } }, /credentials/i, /username/],
      [{ brokers: secure.mtls, tls: { ...tls, cert, key: secure.files.key }, sasl: password }, /SASL|login/, /sasl/],
      [{ brokers: secure.sasl, tls: { ca: './no-such.pem' }, sasl: password }, /no-such\.pem/, /./],
    ];
    for (const [given, message, hint] of cases) {
      const error = await failure(given);
      expect.soft(error, JSON.stringify(given)).toMatchObject({ code: 'LC_OUTPUT_AUTH' });
      expect.soft(error.message, JSON.stringify(given)).toMatch(message);
      expect.soft(error.hint, JSON.stringify(given)).toMatch(hint);
    }
    // The brokers of these tests offer all mechanisms that the options allow.
    const options = parse({ brokers: secure.sasl, tls, sasl: password });
    const unknown = await failure({}, { ...options, sasl: { ...options.sasl!, mechanism: 'gssapi' as 'plain' } });
    expect(unknown).toMatchObject({ code: 'LC_OUTPUT_AUTH', hint: expect.stringContaining('sasl.mechanism') });
    const plain = await failure({ brokers: secure.sasl, sasl: password });
    expect(plain).toMatchObject({ code: 'LC_OUTPUT_UNREACHABLE', hint: expect.stringContaining('tls') });
  });

  it('ships through sessions that end and passwords that change, and shows a topic that it may not write to', async () => {
    const [topic, closed] = [uniqueTopic('secure'), uniqueTopic('closed')];
    for (const name of [topic, closed]) await createTopic(secure.server.brokers, name, 2);
    await allow(secure.server.brokers, 'other', closed);

    const here = temporaryFolder();
    const load = new Load(here, ['a', 'b']);
    const secret = join(here, 'password');
    writeFileSync(secret, 'not yet right');
    const file = pipelineFile(
      here,
      `
inputs:
  a: { type: file-tail, paths: ./a.log, attributes: { topic: ${topic} } }
  b: { type: file-tail, paths: ./b.log, attributes: { topic: ${closed} } }
outputs:
  kafka:
    type: kafka
    brokers: "${secure.sasl}"
    topic: "{{ topic }}"
    key: "{{ name }}"
    compression: zstd
    in_flight: 5
    tls: { ca: ${secure.files.ca} }
    sasl: { mechanism: scram-sha-256, username: ${user.name}, password: { file: ./password } }`,
    );
    load.append('a', 10);
    load.append('b', 10);
    const agent = pipeline('run', file);
    await agent.printed('LC_OUTPUT_AUTH');
    writeFileSync(secret, `${user.password}\n`);
    await agent.printed('LC_OUTPUT_FORBIDDEN');
    expect(agent.stderr).toContain(`--topic ${closed}`);
    // Sessions last for 3 s.
    load.start(2000);
    await setTimeout(8_000);
    load.stop();
    const ofA = load.lines('a').length;
    await waitForRecords(secure.server.brokers, topic, ofA, deadline);
    const status = JSON.parse((await runPipeline('status', file, '--json')).stdout) as AgentStatus;
    const shown = status.components.find(({ id }) => id === 'kafka')!;
    expect(shown).toMatchObject({ state: 'stuck', reason: expect.stringContaining(closed) });
    const [lane] = shown.output!.details!.lanes as unknown as object[];
    expect(lane).toMatchObject({ topic, retries: 0, resets: 0, errors: {} });
    await allow(secure.server.brokers, user.name, closed);
    await waitForRecords(secure.server.brokers, closed, load.lines('b').length, deadline);
    agent.kill('SIGTERM');
    expect(await agent.exited).toBe(0);
    for (const [name, where] of [
      ['a', topic],
      ['b', closed],
    ] as const) {
      const values = valuesByKey(await consumeAll(secure.server.brokers, where)).get(`${name}.log`)!;
      expect(compare(load.lines(name), values)).toEqual({ missing: 0, repeated: 0, reordered: 0 });
    }
    expect(flat(await consumeAll(secure.server.brokers, topic))).toHaveLength(ofA);
    expect(agent.stderr).not.toContain(user.password);
  });
});
