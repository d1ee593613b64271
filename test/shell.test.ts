import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bin, pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';
import { Child } from './support/child.ts';
import { blocks } from './support/document.ts';

const pipeline = `"${process.execPath}" "${bin}"`;

/** What a shell does in a folder with this pipeline. */
async function shell(script: string, yaml: string) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'shell.yaml'), yaml);
  const begin = `cd '${folder}'; pipeline() { ${pipeline} "$@"; }`;
  return { folder, ...(await new Child('bash', ['-c', `${begin}; ${script}`]).result()) };
}

const filter = `
inputs: { lines: { type: stdin } }
transforms: { some: { type: filter, condition: 'message.endsWith("7")' } }
outputs: { screen: { type: console } }`;

describe('a pipeline in a shell', () => {
  it('prints what the README of the input says', async () => {
    const readme = 'plugins/input-stdin/README.md';
    const [yaml] = blocks(readme, 'yaml');
    const [, script, printed] = /^\$ (.*)\n([\s\S]*)/.exec(blocks(readme, 'text')[0]!)!;
    expect(await shell(script!, yaml!)).toMatchObject({ code: 0, stdout: printed });
  });

  it('ends by itself with its input, and passes every line', async () => {
    const script = `seq 300000 | pipeline run shell.yaml > out.txt; echo "\${PIPESTATUS[1]}"`;
    const { folder, stdout } = await shell(script, filter);
    expect(stdout).toBe('0\n');
    const expected = Array.from({ length: 30_000 }, (_, i) => `${i * 10 + 7}\n`).join('');
    expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe(expected);
  });
});

it('a file output that is killed in the middle has every line, whole', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'logs'));
  const lines = Array.from({ length: 200_000 }, (_, i) => `line ${i} of many\n`);
  writeFileSync(join(folder, 'logs/app.log'), lines.join(''));
  const file = pipelineFile(
    folder,
    `
inputs: { app: { type: file-tail, paths: ./logs/*.log, max_bytes_per_second: 4MB } }
outputs: { copy: { type: file, path: "./out/{{ name }}" } }`,
  );
  const copied = () => {
    try {
      return readFileSync(join(folder, 'out/app.log'), 'utf8');
    } catch {
      return '';
    }
  };
  for (let round = 0; round < 2; round++) {
    const before = copied().length;
    const agent = new Child(process.execPath, [bin, 'run', file]);
    while (copied().length === before) await setTimeout(5);
    agent.kill('SIGKILL');
    await agent.result();
  }
  writeFileSync(file, readFileSync(file, 'utf8').replace('4MB', '1GiB'));
  expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0 });
  const seen = copied().split(/(?<=\n)/);
  expect(new Set(seen)).toEqual(new Set(lines));
});

it('the example of the file output writes where its README says', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs/web.log'), 'one\n');
  const [yaml] = blocks('plugins/output-file/README.md', 'yaml');
  const file = pipelineFile(folder, yaml!);
  expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0 });
  const { stdout } = await new Child('bash', ['-c', `cd '${folder}'; cat archive/web/*.log`]).result();
  expect(JSON.parse(stdout)).toMatchObject({ service: 'web', message: 'one' });
});
