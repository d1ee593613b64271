import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { pipelineFile, repository, runPipeline, startAgent, temporaryFolder } from './support/agent.ts';
import { Child } from './support/child.ts';
import { read } from './support/document.ts';

interface DaemonSet {
  readonly spec: { readonly template: { readonly spec: Pod } };
}

interface Pod {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

interface Container {
  readonly args: readonly [command: string, file: string];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

const objects = parseAllDocuments(read('deploy/kubernetes/logcatch.yaml')).map((document) => document.toJS());
const { containers, volumes } = (objects.find(({ kind }) => kind === 'DaemonSet') as DaemonSet).spec.template.spec;
const configMap: { data: Record<string, string> } = objects.find(({ kind }) => kind === 'ConfigMap');
const dockerfile = read('deploy/docker/Dockerfile');

it.each([
  ['deploy/pipeline.yaml', read('deploy/pipeline.yaml')],
  ['the ConfigMap', configMap.data['pipeline.yaml']!],
])('the pipeline of %s is valid', async (_name, yaml) => {
  expect(await runPipeline('check', pipelineFile(temporaryFolder(), yaml))).toMatchObject({ code: 0, stderr: '' });
});

it('what is started exists', async () => {
  const json = (instruction: string): string[] =>
    JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(dockerfile)![1]!);
  const starts = [
    /^ExecStart=(.+)$/m.exec(read('deploy/systemd/logcatch@.service'))![1]!.split(' '),
    [...json('ENTRYPOINT'), ...json('CMD')],
    [...json('ENTRYPOINT'), ...containers[0].args],
  ];
  const { bin } = JSON.parse(read('packages/cli/package.json'));
  for (const [program = '', command, file = ''] of starts) {
    expect(Object.keys(bin)).toContain(basename(program));
    expect(command).toBe('run');
    expect(dirname(file)).toBe('/etc/logcatch');
  }
  expect(await runPipeline('run', '--help')).toMatchObject({ code: 0 });
});

it('the health check of the image: whether an agent answers, whatever it waits for', async () => {
  const folder = temporaryFolder();
  const file = pipelineFile(
    folder,
    `
data_dir: state
inputs: { app: { type: file-tail, paths: '*.log' } }
outputs: { nowhere: { type: kafka, brokers: '127.0.0.1:1', topic: t } }
`,
  );
  const command = /^HEALTHCHECK .*\\\n +CMD (.+)$/m.exec(dockerfile)![1]!.replace('/etc/logcatch/pipeline.yaml', file);
  const env = { PATH: `${join(repository, 'node_modules/.bin')}:${process.env.PATH}` };
  const health = async () => (await new Child('sh', ['-c', command], { env }).result()).code;
  expect(await health()).toBe(1);
  const agent = await startAgent(file);
  expect(await health()).toBe(0);
  pipelineFile(folder, 'data_dir: state\noutputs: [');
  await agent.printed(/change 1 refused/);
  expect(await health()).toBe(0);
  await agent.stop();
  expect(await health()).toBe(1);
});

it('the container is given what the pipeline of the ConfigMap names', () => {
  const [{ args, ports, volumeMounts, livenessProbe, readinessProbe }] = containers;
  const [, file] = args;
  const { data_dir, http, inputs } = parse(configMap.data[basename(file)]!);
  const mounted = (path: string) => volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`))!;
  const volume = (path: string) => volumes.find(({ name }) => name === mounted(path).name)!;
  expect(volume(file).configMap).toBeDefined();
  expect(volume(http.token.file)).toHaveProperty('secret');
  expect(volume(inputs.pods.paths)).toMatchObject({ hostPath: { path: '/var/log' } });
  expect(volume(data_dir)).toHaveProperty('hostPath');
  expect(mounted(data_dir).readOnly).toBeUndefined();
  expect(http.listen).toBe(`0.0.0.0:${ports[0]!.containerPort}`);
  for (const { httpGet } of [livenessProbe, readinessProbe]) {
    expect(httpGet.port).toBe(ports[0]!.name);
    expect(read('docs/operating.md')).toContain(`| \`${httpGet.path}\` |`);
  }
});

/** The log of a container: containerd writes it, kubelet rotates it, and compresses what it rotated before. */
class ContainerLog {
  readonly #log: string;
  #rotated = 0;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#log = join(folder, '0.log');
  }

  write(message: string): void {
    appendFileSync(this.#log, `2026-11-22T10:00:00.000000000Z stdout F ${message}\n`);
  }

  rotate(): void {
    const before = this.#name();
    if (existsSync(before)) {
      writeFileSync(`${before}.tmp`, gzipSync(readFileSync(before)));
      renameSync(`${before}.tmp`, `${before}.gz`);
      rmSync(before);
    }
    this.#rotated++;
    renameSync(this.#log, this.#name());
  }

  #name(): string {
    return `${this.#log}.20261122-10000${this.#rotated}`;
  }
}

/** A ConfigMap as kubelet mounts it: each file is a link into a folder that is swapped for the next one in a single step. */
class MountedConfigMap {
  readonly file: string;
  readonly #data: string;
  #version = 0;

  constructor(folder: string, name: string, text: string) {
    mkdirSync(folder);
    this.file = join(folder, name);
    this.#data = join(folder, '..data');
    this.put(text);
    symlinkSync(join('..data', name), this.file);
  }

  put(text: string): void {
    const version = `..${++this.#version}`;
    const before = this.#version === 1 ? undefined : readlinkSync(this.#data);
    mkdirSync(join(dirname(this.file), version));
    writeFileSync(join(dirname(this.file), version, basename(this.file)), text);
    symlinkSync(version, `${this.#data}_tmp`);
    renameSync(`${this.#data}_tmp`, this.#data);
    if (before !== undefined) rmSync(join(dirname(this.file), before), { recursive: true });
  }
}

it('the pipeline of the ConfigMap follows what kubelet does, to the logs and to the ConfigMap itself', async () => {
  const folder = temporaryFolder();
  const { http: _, ...desired } = parse(configMap.data['pipeline.yaml']!);
  const { pods } = desired.inputs;
  desired.data_dir = join(folder, 'state');
  pods.paths = pods.paths.replace('/var/log', folder);
  desired.outputs = { screen: { type: 'console', format: 'json' } };
  const mounted = new MountedConfigMap(join(folder, 'etc'), 'pipeline.yaml', stringify(desired));
  const app = new ContainerLog(join(folder, 'pods/default_web-1_0a1b/app'));
  const own = new ContainerLog(join(folder, 'pods/logcatch_logcatch-x7k2p_2c3d/logcatch'));
  own.write('of its own');
  app.write('one');

  const first = await startAgent(mounted.file);
  await first.printed(/one/, 'stdout');
  for (const message of ['two', 'three']) {
    app.rotate();
    app.write(message);
    await first.printed(message, 'stdout');
  }
  await first.crash();
  for (const message of ['four', 'five', 'six']) {
    app.write(message);
    app.rotate();
  }
  app.write('seven');
  const second = await startAgent(mounted.file);
  await second.printed(/seven/, 'stdout');
  for (const message of ['four', 'five', 'six']) await second.printed(message, 'stdout');

  pods.attributes.cluster = 'test';
  mounted.put(stringify(desired));
  await second.printed(/change 1 applied/);
  app.write('eight');
  await second.printed(/eight/, 'stdout');
  mounted.put(`${stringify(desired)}inputs: [`);
  await second.printed(/change 2 refused/);
  const { code, stdout } = await runPipeline('status', mounted.file);
  expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('LC_CONFIG_SYNTAX') });
  app.write('nine');
  await second.printed(/nine/, 'stdout');
  await second.stop();

  const records = second.stdout.trim().split('\n');
  expect(JSON.parse(records.at(-1)!)).toMatchObject({
    message: 'nine',
    namespace: 'default',
    pod: 'web-1',
    uid: '0a1b',
    container: 'app',
    node: 'unknown',
    cluster: 'test',
  });
  expect(first.stdout + second.stdout).not.toContain('of its own');
});
