import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pipeline, pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';

const good = `
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { screen: { type: console } }`;

/** What `check` and `run` must say, with exit code 2, before anything runs. */
const wrongFiles: Record<string, { yaml: string; says: (string | RegExp)[] }> = {
  'an unknown key, with place and nearest key': {
    yaml: good.replace('paths:', 'path:'),
    says: [/test\.yaml:2:\d+ LC_CONFIG_UNKNOWN_KEY inputs\.app\.path/, 'did you mean "paths"'],
  },
  'an unknown type, with the nearest': {
    yaml: good.replace('console', 'consol'),
    says: [/test\.yaml:3:\d+ LC_CONFIG_UNKNOWN_TYPE outputs\.screen/, 'console'],
  },
  'a value of the wrong kind': {
    yaml: good.replace('type: console', 'type: console, format: loud'),
    says: ['LC_CONFIG_VALUE outputs.screen.format', 'pretty'],
  },
  'a ${} that names nothing': {
    yaml: good.replace('./*.log', '"${env.LOGCATCH_NO_SUCH}/*.log"'),
    says: ['LC_CONFIG_UNKNOWN_NAME', 'LOGCATCH_NO_SUCH'],
  },
  'YAML that is none': { yaml: 'inputs: { app: [', says: [/test\.yaml:\d+:\d+ LC_CONFIG_SYNTAX/] },
  'no outputs': { yaml: 'inputs: { app: { type: file-tail, paths: a } }', says: ['outputs'] },
  'a wrong reference, with the nearest id': {
    yaml: `${good.replace('type: console', 'type: console, inputs: [ap]')}`,
    says: ['LC_CONFIG_WIRING', 'ap', '"app"'],
  },
  'all errors at once': {
    yaml: good.replace('paths:', 'path:').replace('console', 'consol'),
    says: ['LC_CONFIG_UNKNOWN_KEY', 'LC_CONFIG_UNKNOWN_TYPE'],
  },
};

describe('a wrong pipeline file', () => {
  for (const [name, { yaml, says }] of Object.entries(wrongFiles)) {
    it(name, async () => {
      const file = pipelineFile(temporaryFolder(), yaml);
      for (const command of ['check', 'run']) {
        const { code, stdout, stderr } = await runPipeline(command, file);
        expect(code).toBe(2);
        expect(stdout).toBe('');
        for (const text of says) expect(stderr).toMatch(text);
      }
    });
  }

  it('a missing pipeline file and a folder', async () => {
    const folder = temporaryFolder();
    expect(await runPipeline('run', join(folder, 'none.yaml'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('LC_CONFIG_FILE'),
    });
    expect(await runPipeline('run', 'none.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`there is no such file: ${join(tmpdir(), 'none.yaml')}`),
    });
    expect(await runPipeline('run', folder)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('LC_CONFIG_FILE'),
    });
  });
});

/** A plugin file, and what is said of it. `good` loads it. */
const wrongPlugins: Record<string, { source: string; says: string[] }> = {
  'does not exist': { source: '', says: ['LC_PLUGIN_LOAD', 'mine.ts'] },
  'has a syntax error': { source: 'export default {{', says: ['LC_PLUGIN_LOAD', 'mine.ts'] },
  'exports no plugin': { source: 'export default 42', says: ['LC_PLUGIN_SHAPE', 'export default defineTransform'] },
  'throws in apply': {
    source: 'export default { name: "mine", apply() { throw new Error("oops") } }',
    says: ['LC_PLUGIN_LOAD', 'mine', 'oops'],
  },
  'has no options': {
    source:
      "import { defineTransform } from '@logcatch/plugin-api'; export default defineTransform({ type: 'mine', description: '', create: () => ({ apply: (b) => b }) })",
    says: ['LC_PLUGIN_SHAPE', 'the transform "mine" has no `options`'],
  },
  'has the type of a bundled one': {
    source:
      "import { defineOutput, z } from '@logcatch/plugin-api'; export default defineOutput({ type: 'console', description: '', options: z.object({}), create: () => ({}) })",
    says: ['LC_PLUGIN_DUPLICATE', 'output type "console"'],
  },
  'taps a sync hook with an async function': {
    source: 'export default { name: "mine", apply: (e) => e.hooks.reloaded.tap("mine", async () => {}) }',
    says: ['LC_PLUGIN_ASYNC_TAP', 'mine'],
  },
};

describe('a wrong plugin', () => {
  for (const [name, { source, says }] of Object.entries(wrongPlugins)) {
    it(name, async () => {
      const folder = temporaryFolder();
      if (source) writeFileSync(join(folder, 'mine.ts'), source);
      const { code, stderr } = await runPipeline('run', pipelineFile(folder, `plugins: [./mine.ts]${good}`));
      expect(code).toBe(2);
      for (const text of says) expect(stderr).toContain(text);
    });
  }

  for (const method of ['create', 'start', 'apply', 'stop']) {
    it(`a transform that throws in ${method} is named, and loses nothing`, async () => {
      const folder = temporaryFolder();
      // Throws once, then works: whatever the engine does about it, every line must arrive.
      writeFileSync(
        join(folder, 'mine.ts'),
        `import { existsSync, writeFileSync } from 'node:fs';
import { defineTransform, z } from '@logcatch/plugin-api';
function once(method: string) {
  if (method !== '${method}' || existsSync('${folder}/thrown')) return;
  writeFileSync('${folder}/thrown', '');
  throw new Error('broken in ${method}');
}
export default defineTransform({
  type: 'mine', description: 'x', options: z.strictObject({}),
  create() {
    once('create');
    return {
      async start() { once('start'); },
      apply(batch) { once('apply'); return batch; },
      async stop() { once('stop'); },
    };
  },
});`,
      );
      writeFileSync(join(folder, 'a.log'), 'one\ntwo\n');
      const file = pipelineFile(folder, `plugins: [./mine.ts]\ntransforms: { mine: { type: mine } }${good}`);
      const first = await runPipeline('run', file, '--once');
      expect(first.stderr).toContain(`broken in ${method}`);
      expect(first.stderr).toContain('mine');
      const second = await runPipeline('run', file, '--once');
      expect(second.code).toBe(0);
      expect(first.stdout + second.stdout).toBe('one\ntwo\n');
    });
  }
});

it('an output without `write` is said so, before anything runs', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'mine.ts'),
    `import { defineOutput, z } from '@logcatch/plugin-api';
export default defineOutput({ type: 'mine', description: '', options: z.strictObject({}), create: () => ({ async start() {} }) as never });`,
  );
  const yaml = `plugins: [./mine.ts]${good.replace('type: console', 'type: mine')}`;
  const { code, stderr } = await runPipeline('run', pipelineFile(folder, yaml));
  expect(code).toBe(1);
  expect(stderr).toMatch(/LC_PLUGIN_SHAPE screen: .*lacks `write`, `stop`/);
});

it('what a plugin throws is shown with its place, and an error that nobody waits for does not end the agent', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'mine.ts'),
    `import { defineOutput, z } from '@logcatch/plugin-api';
let times = 0;
export default defineOutput({ type: 'mine', description: '', options: z.strictObject({}), create: () => ({
  async start() {}, async stop() {},
  async write() {
    void Promise.reject(new Error('stray'));
    if (times++ === 0) throw new Error('boom');
  },
}) });`,
  );
  writeFileSync(join(folder, 'a.log'), 'one\n');
  const yaml = `plugins: [./mine.ts]${good.replace('type: console', 'type: mine')}`;
  const { code, stderr } = await runPipeline('run', pipelineFile(folder, yaml), '--once');
  expect(code).toBe(0);
  expect(stderr).toMatch(/mine\.ts:7:\d+ LC_PLUGIN_THREW screen: boom\./);
  expect(stderr).toContain('nobody waited for a promise that failed: Error: stray');
});

describe('files that cannot be read', () => {
  it('a directory where a file is named: said, and the others go on', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'dir.log'));
    writeFileSync(join(folder, 'a.log'), 'one\n');
    const file = pipelineFile(folder, good.replace('./*.log', '[./dir.log, ./a.log]'));
    const agent = pipeline('run', file);
    await agent.printed('one', 'stdout');
    await agent.printed('LC_INPUT_NOT_A_FILE');
    await agent.stop();
  });

  it.skipIf(process.getuid?.() === 0)('a file without permission: said, and read when it is allowed', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.log'), 'one\n');
    chmodSync(join(folder, 'a.log'), 0o000);
    const agent = pipeline('run', pipelineFile(folder, good));
    await agent.printed('LC_INPUT_UNREADABLE');
    chmodSync(join(folder, 'a.log'), 0o600);
    await agent.printed('one', 'stdout');
    await agent.stop();
  });
});

describe('data_dir', () => {
  it('a second agent on it is refused, naming the first', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.log'), 'one\n');
    const file = pipelineFile(folder, good);
    const first = pipeline('run', file);
    await first.printed('logcatch');
    const second = await runPipeline('run', file);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('LC_DATA_DIR_LOCKED');
    expect(second.stderr).toContain(`pid ${first.pid}`);
    // The lock dies with its process, however that ends.
    await first.crash();
    expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0 });
  });

  it('one that cannot be written is an error that says so', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'taken'), '');
    const { code, stderr } = await runPipeline('run', pipelineFile(folder, `data_dir: ./taken/state${good}`));
    expect(code).toBe(1);
    expect(stderr).toContain('LC_DATA_DIR');
    expect(stderr).toContain('taken/state');
  });
});
