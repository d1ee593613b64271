import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { repository } from './support/agent.ts';

it('`pnpm start` shows lines of real files through rotations, and reacts to an edit', async () => {
  const file = join(repository, 'pipelines/quickstart.yaml');
  const original = readFileSync(file, 'utf8');
  const child = spawn(process.execPath, [join(repository, 'scripts/quickstart.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  let stdout = '';
  let stderr = '';
  let look = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  onTestFinished(async () => {
    writeFileSync(file, original);
    child.kill('SIGTERM');
    await closed;
    for (const folder of ['logs', '.logcatch'])
      rmSync(join(repository, 'pipelines', folder), { recursive: true, force: true });
  });
  const printed = (text: RegExp) =>
    new Promise<void>((resolve, reject) => {
      look = () => text.test(stdout) && resolve();
      look();
      void closed.then(() => reject(new Error(`it ended: ${stderr}`)));
    });

  await printed(/web\.log.* #0\n/);
  expect(stderr).toContain('edit pipelines/quickstart.yaml');
  writeFileSync(file, original.replace('format: pretty', 'format: json'));
  await printed(/^\{.*"team":"demo".*\}$/m);
  // Each of the two files is renamed after 100 lines.
  await printed(/#215\b/);
  const numbers = [...stdout.matchAll(/#(\d+)/g)].map((match) => Number(match[1]));
  for (const parity of [0, 1]) {
    const ofFile = numbers.filter((number) => number % 2 === parity);
    expect(ofFile).toEqual(ofFile.map((_, i) => parity + 2 * i));
  }
  child.kill('SIGTERM');
  expect(await closed).toBe(0);
});
