import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pipelineFile, repository, runPipeline, temporaryFolder } from './support/agent.ts';

/** The example of a README: its first pipeline, and the blocks that begin with `# logs/app.log` and `# printed`. */
function exampleOf(readme: string): { yaml: string; lines: string; printed: string } {
  const text = readFileSync(join(repository, readme), 'utf8');
  const block = (begin: string) => text.split(`\`\`\`${begin}\n`)[1]!.split('```')[0]!;
  return { yaml: block('yaml'), lines: block('text\n# logs/app.log'), printed: block('text\n# printed') };
}

/** Lines of JSON without what differs from machine to machine. */
function shown(line: string): unknown {
  if (!line.startsWith('{')) return line;
  const { path, name, input, host, ...rest } = JSON.parse(line);
  return rest;
}

describe('the example of each transform prints what its README says', () => {
  for (const readme of globSync('plugins/transform-*/README.md', { cwd: repository })) {
    it(readme, async () => {
      const folder = temporaryFolder();
      const { yaml, lines, printed } = exampleOf(readme);
      mkdirSync(join(folder, 'logs'));
      writeFileSync(join(folder, 'logs/app.log'), lines);
      const { code, stdout } = await runPipeline('run', pipelineFile(folder, yaml), '--once');
      expect(code).toBe(0);
      expect(stdout.split('\n').map(shown)).toEqual(printed.split('\n').map(shown));
    });
  }
});
