import { expect, it } from 'vitest';
import { runPipeline, temporaryFolder } from './support/agent.ts';
import { shop, shown } from './support/cli-readme.ts';
import { blocks } from './support/document.ts';

it('graph draws what the README shows, without an agent', async () => {
  const folder = temporaryFolder();
  const file = shop(folder);
  const { args, output } = shown('graph', folder);
  expect(await runPipeline(...args)).toEqual({ code: 0, stdout: output, stderr: '' });
  expect(blocks('packages/cli/README.md', 'mermaid')).toEqual([output]);
  expect(await runPipeline('graph', file, '--format', 'dot')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^digraph /),
  });
  expect(await runPipeline('graph', `${file}x`)).toMatchObject({ code: 2, stdout: '' });
});

it('schema prints what the README shows, with the types of a file', async () => {
  const folder = temporaryFolder();
  const file = shop(folder);
  const { stdout, ...end } = await runPipeline('schema', file);
  expect(end).toEqual({ code: 0, stderr: '' });
  expect(stdout.startsWith(shown('schema', folder).output)).toBe(true);
  expect(JSON.parse(stdout)).toMatchObject({ $defs: { 'output-kafka': { required: ['brokers', 'topic'] } } });
});
