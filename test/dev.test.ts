import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pipelineFile, startAgent, temporaryFolder } from './support/agent.ts';

const plugin = `import { defineTransform, z } from '@logcatch/plugin-api';
import { mark } from './mark.ts';

export default defineTransform({
  type: 'marked',
  description: 'Marks records.',
  options: z.strictObject({}),
  create: () => ({ apply: (batch) => batch.mapText(mark) }),
});
`;

it('run --dev takes an edited plugin in the same process, and keeps the one that runs while the new one is broken', async () => {
  const folder = temporaryFolder();
  const write = (lines: string) => appendFileSync(join(folder, 'a.log'), lines);
  const mark = (code: string) => writeFileSync(join(folder, 'mark.ts'), code);
  const marking = (sign: string) => mark(`export const mark = (text: string) => text + '${sign}';\n`);
  writeFileSync(join(folder, 'marked.ts'), plugin);
  marking('!');
  write('one\n');
  const file = pipelineFile(
    folder,
    `plugins: [./marked.ts]
inputs: { app: { type: file-tail, paths: "*.log" } }
transforms: { marked: { type: marked } }
outputs: { screen: { type: console } }
`,
  );
  const agent = await startAgent(file, ['--dev']);
  await agent.printed('one!', 'stdout');

  marking('?');
  await agent.printed(/mark\.ts was changed: the pipeline starts again[\s\S]*resumed where they stopped/);
  write('two\n');
  await agent.printed('two?', 'stdout');

  mark('export const mark =\n  (text: string) => = text;\n');
  await agent.printed(/mark\.ts was changed and cannot be used[\s\S]*mark\.ts:2 LC_PLUGIN_LOAD/);
  // The same is said of the next one, and not held back as a repetition.
  mark('export const mark =\n  (text: string) => == text;\n');
  await agent.printed(/(cannot be used[\s\S]*mark\.ts:2 LC_PLUGIN_LOAD[\s\S]*){2}/);
  expect(agent.stderr).not.toMatch(/cannot be used.*repeated/);
  write('three\n');
  await agent.printed('three?', 'stdout');

  marking('.');
  write('four\n');
  await agent.printed(/(starts again[\s\S]*){2}resumed where/);
  write('five\n');
  await agent.printed('five.', 'stdout');
  await agent.stop();
  expect(agent.stdout.replace(/[?.]/g, '').split('\n')).toEqual(['one!', 'two', 'three', 'four', 'five', '']);
});
