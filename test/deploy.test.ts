import { basename, dirname } from 'node:path';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';
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
