import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { AgentStatus } from '@logcatch/core';
import { expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { uniqueTopic } from './servers/index.ts';
import { freePort } from './servers/process.ts';
import { describeWith, etcd } from './servers/require.ts';
import {
  bin,
  PipelineProcess,
  pipelineFile,
  repository,
  runPipeline,
  startAgent,
  statusOf,
  temporaryFolder,
} from './support/agent.ts';
import { read } from './support/document.ts';
import { EtcdKey } from './support/etcd.ts';

const console = `
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { screen: { type: console } }
`;

const until = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 60_000, interval: 50 });

it('status of an agent that runs well, for people and for programs', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.log'), 'one\ntwo\n');
  const file = pipelineFile(folder, console);
  await startAgent(file);
  await until(async () => expect(await runPipeline('status', file)).toMatchObject({ code: 0, stderr: '' }));
  const { stdout } = await runPipeline('status', file);
  expect(stdout).toMatch(/^test runs well\n/);
  expect(stdout).toMatch(/^input +app +file-tail +running +for \d+s +1 file, 0 B on the way$/m);
  const json: AgentStatus = JSON.parse((await runPipeline('status', file, '--json')).stdout);
  expect(json).toMatchObject({ name: 'test', well: true, file, dataDir: join(folder, '.logcatch/test') });
  expect(json.version).toBe(JSON.parse(readFileSync(join(repository, 'packages/cli/package.json'), 'utf8')).version);
  expect(json.components[0]!.input!.sources).toEqual([
    {
      key: 1,
      path: join(folder, 'a.log'),
      currentPath: join(folder, 'a.log'),
      position: 8,
      unsettled: 0,
      lag: 0,
      pausedBy: [],
    },
  ]);
});

it('status of one that is in trouble says what and what to do, and that something waits', async () => {
  const folder = temporaryFolder();
  const file = pipelineFile(
    folder,
    `
config: { list: { type: file, path: ./list.json } }
inputs:
  app: { type: file-tail, paths: ./*.log }
  more: { type: file-tail, each: "\${list}", paths: "\${each}" }
outputs: { kafka: { type: kafka, brokers: "127.0.0.1:${await freePort()}", topic: t } }`,
  );
  await startAgent(file);
  await until(async () => {
    const { code, stdout } = await runPipeline('status', file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/output +kafka +kafka +waiting[^\n]*\n +LC_OUTPUT_UNREACHABLE [^\n]*\n +Check address/);
    expect(stdout).toMatch(/input +more +waiting +for a value of list/);
    expect(stdout).toMatch(/config +list +file +degraded[^\n]*no value yet\n +\S*list.json LC_SOURCE_ABSENT/);
  });
});

it('no agent: never started, stopped, and killed; the next one replaces the socket', async () => {
  const file = pipelineFile(temporaryFolder(), console);
  const socket = join(file, '../.logcatch/test/control.sock');
  const none = { code: 3, stdout: '', stderr: expect.stringContaining('LC_AGENT_NOT_RUNNING') };
  expect(await runPipeline('status', file)).toMatchObject(none);
  expect(await runPipeline('plan', file)).toMatchObject(none);
  const first = await startAgent(file);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  first.kill('SIGTERM');
  await first.exited;
  expect(existsSync(socket)).toBe(false);
  expect(await runPipeline('status', file)).toMatchObject(none);

  const second = await startAgent(file);
  await second.crash();
  expect(existsSync(socket)).toBe(true);
  expect(await runPipeline('status', file)).toMatchObject({ code: 3, stderr: expect.stringContaining('was killed') });
  const third = await startAgent(file);
  await until(async () => expect((await runPipeline('status', file)).code).toBe(0));
  // One that is refused the data_dir leaves the socket of the other alone.
  expect(await runPipeline('run', file)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('LC_DATA_DIR_LOCKED'),
  });
  const { pid } = await statusOf(file);
  expect(pid).toBe(third.pid);
});

it.skipIf(process.getuid?.() !== 0)('another user is kept out, whatever the rights of data_dir', async () => {
  const folder = temporaryFolder();
  const dataDir = join(folder, 'state');
  const file = pipelineFile(folder, `data_dir: ./state\n${console}`);
  await startAgent(file);
  await until(async () => expect((await runPipeline('status', file)).code).toBe(0));
  chmodSync(folder, 0o755);
  for (const mode of [0o700, 0o755]) {
    chmodSync(dataDir, mode);
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'status', file], {
      uid: 65_534,
      gid: 65_534,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });
    expect({ status, stdout, stderr }).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('LC_AGENT_FORBIDDEN'),
    });
  }
});

it('plan says what the running agent would change, and changes nothing', async () => {
  const folder = temporaryFolder();
  const file = pipelineFile(folder, console);
  await startAgent(file, ['--no-watch']);
  const plan = async (yaml: string) => {
    writeFileSync(file, yaml);
    return await runPipeline('plan', file);
  };
  expect(await plan(`# same\n${console}`)).toEqual({ code: 0, stdout: 'Nothing would change.\n', stderr: '' });
  const changed = await plan(`
config: { list: { type: file, path: ./list.json } }
inputs:
  new: { type: file-tail, paths: ./new/*.log }
  late: { type: file-tail, each: "\${list}", paths: "\${each}" }
outputs: { screen: { type: console, format: json } }`);
  expect(changed).toMatchObject({ code: 0, stderr: '' });
  expect(changed.stdout).toMatch(/^add +new$/m);
  expect(changed.stdout).toMatch(/^change +screen +rebuilt/m);
  expect(changed.stdout).toMatch(/^remove +app +its position stays$/m);
  expect(changed.stdout).toMatch(/^add +list +configuration source$/m);
  expect(changed.stdout).toMatch(/^wait +late +for a value of list$/m);
  const attributes = console.replace('*.log', '*.log, attributes: { topic: t }');
  expect((await plan(attributes)).stdout).toMatch(/^retag +app +new attributes, taken live\n$/);
  expect((await plan(console.replace('app:', 'app2:'))).stdout).toMatch(
    /^add +app2 +does not go on where app stands: positions belong to an input's id$/m,
  );
  const wrong = await plan(console.replace('type: console', 'type: console, formt: json'));
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toMatch(/test.yaml:3:\d+ LC_CONFIG_UNKNOWN_KEY outputs.screen.formt: .*did you mean "format"/);
  // A file that cannot even be read as YAML still leads to its agent.
  expect(await plan('inputs: [')).toMatchObject({ code: 2, stderr: expect.stringContaining('LC_CONFIG_SYNTAX') });
  expect(await runPipeline('status', file)).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged') });
});

it('a refused file is seen in status, until it is mended', async () => {
  const file = pipelineFile(temporaryFolder(), console);
  await startAgent(file);
  writeFileSync(file, console.replace('outputs', 'output'));
  await until(async () => {
    const { code, stdout } = await runPipeline('status', file);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /1 change, the last refused .* \(the file\); the file as it is now is not in effect: .*\n.*LC_CONFIG/,
    );
  });
  writeFileSync(file, `${console}# mended\n`);
  await until(async () => expect((await runPipeline('status', file)).code).toBe(0));
});

it('config shows what a file resolves to and where values came from, and never a password', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'agent.ini'), '[kafka]\naddress = 127.0.0.1:1\npassword = hunter2ini\n');
  writeFileSync(join(folder, 'list.json'), '[\n  { "path": "./a.log" }\n]\n');
  writeFileSync(join(folder, 'password'), 'hunter2file\n');
  const kafka = 'type: kafka, brokers: "${agent.kafka.address}", topic: t';
  const sasl = (password: string) => `sasl: { mechanism: plain, username: u, password: ${password} }`;
  const yaml = `
config:
  agent: { type: ini, path: ./agent.ini }
  list: { type: file, path: ./list.json }
  remote: { type: etcd, endpoints: "127.0.0.1:${await freePort()}", key: /x, username: u, password: "\${env.PASSWORD}" }
inputs:
  app: { type: file-tail, each: "\${list}", id: "\${each.path}", paths: "\${each.path}" }
outputs:
  ini: { ${kafka}, ${sasl('"${agent.kafka.password}"')} }
  env: { ${kafka}, ${sasl('"${env.PASSWORD:-hunter2default}"')} }
  inline: { ${kafka}, ${sasl('hunter2inline')} }
  file: { ${kafka}, ${sasl('{ file: ./password }')} }
`;
  const file = pipelineFile(folder, yaml);
  const env = { PASSWORD: 'hunter2env' };
  const said: string[] = [];
  const say = async (...args: string[]) => {
    const result = await new PipelineProcess(args, { env }).result();
    said.push(result.stdout, result.stderr);
    return result;
  };

  const whole = await say('config', file);
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  const state = parse(whole.stdout);
  for (const output of ['ini', 'env', 'inline', 'file']) {
    expect(state.outputs[output]).toMatchObject({
      brokers: '127.0.0.1:1',
      acks: 'all',
      sasl: { password: '<secret>' },
    });
    await say('config', file, '--origin', `outputs.${output}`);
  }
  expect(state.inputs['app/./a.log']).toMatchObject({ paths: './a.log', from: 'beginning' });

  const origin = async (key: string) => (await say('config', file, '--origin', key)).stdout;
  expect(await origin('outputs.ini.brokers')).toMatch(
    /^outputs.ini.brokers: 127.0.0.1:1\n +from +\.\/agent.ini:2:1\n +source +agent \(ini\), loaded 0s ago\n +through +\$\{agent.kafka.address\} at .*test.yaml:9:\d+\n$/,
  );
  expect(await origin('outputs.ini.sasl.password')).toMatch(/: <secret>\n +from +\.\/agent.ini:3:1\n/);
  expect(await origin('outputs.env.sasl.password')).toMatch(
    /from +the environment variable PASSWORD\n +through +\$\{env.PASSWORD\} at/,
  );
  expect(await origin('config.remote.password')).toMatch(/: <secret>\n +from +the environment variable PASSWORD\n/);
  expect(await origin('inputs["app/./a.log"].paths')).toMatch(/from +\.\/list.json:2:13\n +source +list \(file\)/);
  expect(await origin('outputs.ini.linger')).toContain('the default of kafka');
  expect(await say('config', file, '--origin', 'outputs.ini.broker')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean "outputs.ini.brokers"?'),
  });

  expect(await say('check', file)).toMatchObject({ code: 0 });
  for (const command of ['check', 'config']) {
    expect(await say(command, file, '--online')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^config.remote: LC_SOURCE_UNREACHABLE/),
    });
  }
  await say('fleet', file);

  const agent = await startAgent(file, ['--no-watch', '--log-level', 'debug'], { env });
  await until(async () => expect((await say('status', file)).stdout).toContain('LC_OUTPUT_UNREACHABLE'));
  await say('status', file, '--json');
  writeFileSync(file, yaml.replace('hunter2inline', 'hunter2other'));
  expect(await say('plan', file)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^change +inline /) });
  writeFileSync(file, yaml.replace('hunter2inline', '[hunter2list]').replace('"${agent.kafka.password}"', '5'));
  expect(await say('plan', file)).toMatchObject({ code: 2 });
  said.push(agent.stdout, agent.stderr);
  expect(said.join('\n')).not.toContain('hunter2');
});

it('check --online: what a source holds is checked too, and one that is absent is said', async () => {
  const folder = temporaryFolder();
  const file = pipelineFile(
    folder,
    `
config: { list: { type: file, path: ./list.json } }
inputs: { app: { type: file-tail, each: "\${list}", paths: "\${each.path}" } }
outputs: { screen: { type: console } }`,
  );
  const check = () => runPipeline('check', file, '--online');
  expect(await check()).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('valid as far as it could be checked'),
    stderr: expect.stringContaining('LC_SOURCE_ABSENT'),
  });
  writeFileSync(join(folder, 'list.json'), '[{ "pth": "./a.log" }]');
  const bad = await check();
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('${each.path} names nothing') });
  expect(bad.stdout).not.toContain('valid');
  writeFileSync(join(folder, 'list.json'), '[{ no');
  expect(await check()).toMatchObject({ code: 2 });
  writeFileSync(join(folder, 'list.json'), '[{ "path": "./a.log" }]');
  expect(await check()).toMatchObject({ code: 0, stdout: expect.stringContaining('test is valid.'), stderr: '' });
});

it('the socket takes no large request and no unknown one', async () => {
  const file = pipelineFile(temporaryFolder(), console);
  await startAgent(file);
  const socketPath = join(file, '../.logcatch/test/control.sock');
  const ask = (method: string, path: string, body = '') =>
    new Promise<[number, string]>((resolve, reject) => {
      const asking = request({ socketPath, method, path, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve([response.statusCode!, text]));
      });
      asking.on('error', reject).end(body);
    });
  expect(await ask('POST', '/plan', '{}')).toEqual([200, '{"result":"unchanged","refused":[]}']);
  expect(await ask('GET', '/nothing')).toEqual([404, expect.stringContaining('"error"')]);
  expect(await ask('GET', '/plan')).toEqual([405, expect.stringContaining('POST /plan')]);
  expect((await ask('POST', '/plan', 'x'.repeat(70_000)))[0]).toBe(413);
  expect((await ask('GET', '/status'))[0]).toBe(200);
});

it('help and exit codes', async () => {
  const { stdout } = await runPipeline('--help');
  const named = (text: string, row: RegExp) => [...text.matchAll(row)].map(([, name]) => name);
  const commands = named(stdout, /^ {2}([a-z]+) .* {2}\S/gm);
  expect(commands).toContain('run');
  expect(commands).toEqual([...named(read('packages/cli/README.md'), /^\| `pipeline ([a-z]+)/gm), 'help']);
  for (const command of commands) expect(await runPipeline(command!, '--help')).toMatchObject({ code: 0, stderr: '' });
  expect(stdout).toContain('3 no agent runs');
  expect(await runPipeline('status', '/nowhere/x.yaml')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('LC_CONFIG_FILE'),
  });
  const file = pipelineFile(temporaryFolder(), console);
  expect(await runPipeline('fleet', file)).toMatchObject({ code: 2, stderr: expect.stringContaining('report:') });
});

describeWith(['etcd'], 'fleet', () => {
  it('lists the agents that report, marks who is behind, and forgets those that end', async () => {
    const [endpoint = ''] = etcd().endpoints;
    const key = new EtcdKey(endpoint);
    const prefix = uniqueTopic('/logcatch-agents/');
    const first = temporaryFolder();
    const second = temporaryFolder();
    const yaml = (id: string, input: string) => `
agent_id: ${id}
config:
  list: { type: etcd, endpoints: "${endpoint}", key: ${key.key}, report: { prefix: ${prefix}, ttl: 2s } }
inputs: { app: { type: file-tail, each: "\${list}", ${input} } }
outputs: { screen: { type: console } }`;
    const good = await key.put([{ path: './a.log' }]);
    const one = pipelineFile(first, yaml('one', 'paths: "${each.path}"'));
    // This one wants more of an entry than the other.
    const two = pipelineFile(second, yaml('two', 'id: "${each.id:-${each.path}}", paths: "${each.path}"'));
    expect(await runPipeline('fleet', one)).toMatchObject({ code: 0, stdout: 'list: no agent reports\n' });
    await startAgent(one);
    const stopping = await startAgent(two);
    await until(async () => {
      const { code, stdout } = await runPipeline('fleet', one);
      expect(stdout).toMatch(new RegExp(`^list: 2 agents, newest revision ${good}\n`));
      expect(stdout).toMatch(new RegExp(`^one +\\S+ +\\S+ +${good} +1 input, .* applied$`, 'm'));
      expect(code).toBe(0);
    });

    const newer = await key.put([
      { path: './a.log', id: 'x' },
      { path: './b.log', id: 'x' },
    ]);
    await until(async () => {
      const { code, stdout } = await runPipeline('fleet', one);
      expect(code).toBe(1);
      expect(stdout).toMatch(new RegExp(`^list: 2 agents, newest revision ${newer}, 1 behind, 1 in trouble\n`));
      expect(stdout).toMatch(
        new RegExp(`^two .* ${good} \\(behind\\) .*revision ${newer} is refused: .*both have the id`, 'm'),
      );
    });
    stopping.kill('SIGTERM');
    await stopping.exited;
    expect(await runPipeline('fleet', one)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 agent,') });
    rmSync(second, { recursive: true });
  });
});
