import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Finding, LogcatchError } from '@logcatch/plugin-api';
import { fakeOutputContext } from '@logcatch/testing';
import { expect, it } from 'vitest';
import kafka from '../plugins/output-kafka/src/index.ts';
import { consumeAll, createTopic, flat, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith } from './servers/require.ts';
import { pipeline, pipelineFile, statusOf, temporaryFolder } from './support/agent.ts';
import { asWritten, compare, Load, valuesByKey } from './support/load.ts';
import { allow, secureKafka, unsignedToken, user } from './support/secure-kafka.ts';

const deadline = 60_000;

describeWith(['kafka'], 'Kafka with TLS, SASL and permissions', () => {
  const secure = secureKafka();
  const password = { mechanism: 'scram-sha-512', username: user.name, password: user.password };

  function parse(given: object) {
    return kafka.definition.options.parse({ topic: 'any', connect_timeout: '5s', ...given });
  }

  /** Starts and stops an output. @throws what its start throws */
  async function start(given: object, options = parse(given)): Promise<void> {
    const output = kafka.definition.create(options, fakeOutputContext());
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
    const { sasl: brokers, files } = secure();
    await start({ brokers, tls: { ca: files.ca }, sasl });
  });

  it('logs in by a certificate', async () => {
    const { mtls, files } = secure();
    const { ca, cert, key } = files;
    await start({ brokers: mtls, tls: { ca, cert, key } });
  });

  it('names what is wrong: CA, host name, certificate, password, mechanism, file, no TLS', async () => {
    const { sasl: brokers, mtls, files } = secure();
    const { ca, other, cert, key } = files;
    const tls = { ca };
    const cases: [object, RegExp, RegExp][] = [
      [{ brokers, tls: true, sasl: password }, /certificate/, /tls\.ca/],
      [{ brokers, tls: { ca: other }, sasl: password }, /certificate|signature/, /tls\.ca/],
      [{ brokers, tls: { ca, server_name: 'kafka' }, sasl: password }, /kafka/, /server_name/],
      [{ brokers: mtls, tls }, /certificate/, /tls\.cert/],
      [{ brokers, tls, sasl: { ...password, password: 'wrong' } }, /credentials/i, /password/],
      [{ brokers, tls, sasl: { ...password, username: 'nobody' } }, /credentials/i, /username/],
      [{ brokers: mtls, tls: { ...tls, cert, key }, sasl: password }, /SASL|login/, /sasl/],
      [{ brokers, tls: { ca: './no-such.pem' }, sasl: password }, /no-such\.pem/, /./],
    ];
    for (const [given, message, hint] of cases) {
      const error = await failure(given);
      expect.soft(error, JSON.stringify(given)).toMatchObject({ code: 'LC_OUTPUT_AUTH' });
      expect.soft(error.message, JSON.stringify(given)).toMatch(message);
      expect.soft(error.hint, JSON.stringify(given)).toMatch(hint);
    }
    // The brokers of these tests offer all mechanisms that the options allow.
    const options = parse({ brokers, tls, sasl: password });
    const unknown = await failure({}, { ...options, sasl: { ...options.sasl!, mechanism: 'gssapi' as 'plain' } });
    expect(unknown).toMatchObject({ code: 'LC_OUTPUT_AUTH', hint: expect.stringContaining('sasl.mechanism') });
    const plain = await failure({ brokers, sasl: password });
    expect(plain).toMatchObject({ code: 'LC_OUTPUT_UNREACHABLE', hint: expect.stringContaining('tls') });
  });

  it('tells pipeline doctor of logins and rights, and nothing of passwords', async () => {
    const { server, sasl: brokers, files } = secure();
    const [topic, closed] = [uniqueTopic('open'), uniqueTopic('closed')];
    for (const name of [topic, closed]) await createTopic(server.brokers, name, 1);
    await allow(server.brokers, 'other', closed);
    const diagnose = async (sasl: object) => {
      const options = parse({ brokers, tls: { ca: files.ca }, sasl, topic: '{{ topic }}' });
      const attributes = [{ topic }, { topic: closed }];
      const examined = [{ options, context: fakeOutputContext(), attributes }];
      const findings: Finding[] = [];
      for await (const one of kafka.definition.diagnose!(examined, new AbortController().signal)) findings.push(one);
      expect(JSON.stringify(findings)).not.toContain(user.password);
      return findings;
    };
    expect(await diagnose(password)).toEqual([
      { level: 'ok', what: expect.stringContaining('answers, TLS works, the login is accepted') },
      { level: 'ok', what: expect.stringContaining(`topic ${topic} has 1 partition and may be written`) },
      {
        level: 'problem',
        what: expect.stringMatching(new RegExp(`LC_OUTPUT_FORBIDDEN topic ${closed}`)),
        hint: expect.stringContaining(`--topic ${closed}`),
      },
    ]);
    expect(await diagnose({ ...password, password: 'wrong' })).toMatchObject([
      { level: 'problem', what: expect.stringContaining('LC_OUTPUT_AUTH') },
    ]);
  });

  it('ships through sessions that end and passwords that change, and shows a topic that it may not write to', async () => {
    const { server, sasl, files } = secure();
    const { brokers } = server;
    const [topic, closed] = [uniqueTopic('secure'), uniqueTopic('closed')];
    for (const name of [topic, closed]) await createTopic(brokers, name, 2);
    await allow(brokers, 'other', closed);

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
    brokers: "${sasl}"
    topic: "{{ topic }}"
    key: "{{ name }}"
    compression: zstd
    in_flight: 5
    tls: { ca: ${files.ca} }
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
    await setTimeout(6_000);
    load.stop();
    const ofA = load.lines('a').length;
    await waitForRecords(brokers, topic, ofA, deadline);
    const status = await statusOf(file);
    const shown = status.components.find(({ id }) => id === 'kafka')!;
    expect(shown).toMatchObject({ state: 'stuck', reason: expect.stringContaining(closed) });
    const [lane] = shown.output!.details!.lanes as unknown as object[];
    expect(lane).toMatchObject({ topic, retries: 0, resets: 0, errors: {} });
    await allow(brokers, user.name, closed);
    await waitForRecords(brokers, closed, load.lines('b').length, deadline);
    await agent.stop();
    for (const [name, where] of [
      ['a', topic],
      ['b', closed],
    ] as const) {
      const values = valuesByKey(await consumeAll(brokers, where)).get(`${name}.log`)!;
      expect(compare(load.lines(name), values)).toEqual(asWritten);
    }
    expect(flat(await consumeAll(brokers, topic))).toHaveLength(ofA);
    expect(agent.stderr).not.toContain(user.password);
  });
});
