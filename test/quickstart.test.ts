import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { repository } from './support/agent.ts';
import { Child } from './support/child.ts';

it('`pnpm start` shows lines of real files through rotations, and reacts to an edit', async () => {
  const file = join(repository, 'pipelines/quickstart.yaml');
  const original = readFileSync(file, 'utf8');
  onTestFinished(() => {
    writeFileSync(file, original);
    for (const folder of ['logs', '.logcatch'])
      rmSync(join(repository, 'pipelines', folder), { recursive: true, force: true });
  });
  const start = new Child(process.execPath, [join(repository, 'scripts/quickstart.ts')]);

  await start.printed(/web\.log.* #0\n/, 'stdout');
  expect(start.stderr).toContain('edit pipelines/quickstart.yaml');
  writeFileSync(file, original.replace('format: pretty', 'format: json'));
  await start.printed(/^\{.*"team":"demo".*\}$/m, 'stdout');
  // Each of the two files is renamed after 20 lines.
  await start.printed(/#45\b/, 'stdout');
  expect(start.stderr).toContain('-- web.log was renamed to web.log.1, and a new one begun: reading goes on');
  expect(start.stderr.match(/Try:/g)!.length).toBeGreaterThan(1);
  const numbers = [...start.stdout.matchAll(/#(\d+)/g)].map((match) => Number(match[1]));
  for (const parity of [0, 1]) {
    const ofFile = numbers.filter((number) => number % 2 === parity);
    expect(ofFile).toEqual(ofFile.map((_, i) => parity + 2 * i));
  }
  start.kill('SIGTERM');
  expect(await start.exited).toBe(0);
});
