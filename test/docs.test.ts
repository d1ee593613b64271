import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metrics } from '../packages/core/src/status/metrics.ts';
import { pipelineFile, repository, runPipeline, temporaryFolder } from './support/agent.ts';
import { blocks, read } from './support/document.ts';

/** All but the guide that test/packages.test.ts follows. */
const documents = globSync(['*.md', 'docs/*.md', '{packages,plugins}/*/README.md'], {
  cwd: repository,
  exclude: ['docs/writing-plugins.md'],
});

/** Files that a document shows beside its pipelines: blocks that begin with a comment such as `# watch.yaml`. */
function companions(file: string): [name: string, content: string][] {
  return ['ini', 'text'].flatMap((language) =>
    blocks(file, language).flatMap((content): [string, string][] => {
      const name = /^[#;] ([\w.-]+\.(?:ini|yaml|json))/.exec(content)?.[1];
      return name === undefined ? [] : [[name, content]];
    }),
  );
}

describe('every pipeline in the repo is valid', () => {
  const files = globSync('pipelines/*.yaml', { cwd: repository, exclude: ['**/*.test.yaml'] });
  // What a configuration source of another pipeline reads is none itself.
  const data = new Set(
    files.flatMap((file) => [...read(file).matchAll(/path: \.\/([\w.-]+)/g)].map((match) => `pipelines/${match[1]}`)),
  );
  for (const file of files.filter((name) => !data.has(name))) {
    it(file, async () => {
      expect(await runPipeline('check', join(repository, file))).toMatchObject({ code: 0, stderr: '' });
    });
  }

  for (const file of documents) {
    for (const [index, yaml] of blocks(file, 'yaml').entries()) {
      it(`${file}, YAML block ${index + 1}`, async () => {
        const folder = temporaryFolder();
        cpSync(join(repository, 'pipelines/plugins'), join(folder, 'plugins'), { recursive: true });
        for (const [name, content] of companions(file)) writeFileSync(join(folder, name), content);
        expect(await runPipeline('check', pipelineFile(folder, yaml))).toMatchObject({ code: 0, stderr: '' });
      });
    }
  }
});

it.each(globSync(['*.md', '{docs,deploy,bench}/*.md', '{packages,plugins}/*/README.md'], { cwd: repository }))(
  'what %s links to and names is there',
  (document) => {
    const text = read(document).replaceAll(/```(?!text)[\s\S]*?```/g, '');
    const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map((match) =>
      join(dirname(document), match[1]!),
    );
    const names = [...text.matchAll(/(?<![\w./-])(?:packages|plugins)\/[\w./-]+\.ts\b/g)].map(([name]) => name);
    for (const file of [...links, ...names]) expect(existsSync(join(repository, file)), file).toBe(true);
  },
);

it('the pipeline with plugins of one file each does what the README says', async () => {
  const folder = temporaryFolder();
  for (const name of ['own-plugins.yaml', 'plugins'])
    cpSync(join(repository, 'pipelines', name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs/a.log'), 'mail to a.b+c@example.co.uk now\nnothing here\n');
  expect(await runPipeline('run', join(folder, 'own-plugins.yaml'), '--once')).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'logs-copied/all.txt'), 'utf8')).toBe('mail to <someone> now\nnothing here\n');
});

it('the pipeline of docs/testing-pipelines.md passes its tests, and a failure looks as it says', async () => {
  const [yaml] = blocks('docs/testing-pipelines.md', 'yaml');
  const [, failure] = blocks('docs/testing-pipelines.md', 'text');
  const folder = temporaryFolder();
  expect(await runPipeline('test', pipelineFile(folder, yaml!))).toMatchObject({ code: 0, stderr: '' });
  const wrong = pipelineFile(folder, yaml!.replace('key: ann', 'key: bob'), 'shop.yaml');
  const { code, stdout } = await runPipeline('test', wrong);
  expect(code).toBe(1);
  expect(stdout.replaceAll(`${folder}/`, '')).toBe(failure);
});

it('plugin code in the README is the code that the tests run', () => {
  const files = globSync('pipelines/plugins/*.ts', { cwd: repository }).map(read);
  const shown = blocks('README.md', 'ts');
  expect(shown.length).toBeGreaterThan(0);
  for (const block of shown) expect(files).toContain(block);
});

describe('what is asked of the metrics can be answered', () => {
  const queries = (value: unknown): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) =>
      ['expr', 'query'].includes(key) && typeof inner === 'string' ? [inner] : queries(inner),
    );
  };
  const series = new Map(
    metrics.flatMap(({ name, type, labels }) => {
      const own = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name];
      return own.map((one): [string, string[]] => [one, [...labels, ...(type === 'histogram' ? ['le'] : [])]]);
    }),
  );
  const target = ['job', 'instance'];

  it.each([
    ['docs/operating.md', blocks('docs/operating.md', 'promql')],
    ['docs/grafana-dashboard.json', queries(JSON.parse(read('docs/grafana-dashboard.json')))],
  ])('%s', (_file, all) => {
    const asked = all.flatMap((query) => [...query.matchAll(/\b((?:logcatch|process)_[a-z_]+)(?:\{([^}]*)\})?/g)]);
    expect(asked.length).toBeGreaterThan(10);
    for (const [, name, selector = ''] of asked) {
      expect(series.keys(), name).toContain(name);
      const labels = [...selector.matchAll(/(\w+)\s*[=!]/g)].map((match) => match[1]);
      for (const label of labels) expect([...target, ...series.get(name!)!], `${name}{${selector}}`).toContain(label);
    }
    for (const query of all) {
      // Each pair is closed, the innermost first.
      let rest = query.replaceAll(/"[^"]*"/g, '');
      for (let before = ''; before !== rest; )
        [before, rest] = [rest, rest.replaceAll(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}/g, '')];
      expect(rest, query).not.toMatch(/[()[\]{}]/);
    }
  });
});

it('what is generated is fresh', () => {
  execFileSync(process.execPath, ['scripts/generate.ts', '--check'], { cwd: repository, stdio: 'pipe' });
});
