import { appendFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { bin, pipelineFile, temporaryFolder } from './support/agent.ts';
import { Child } from './support/child.ts';
import { openIn } from './support/handles.ts';
import { rounds } from './support/soak.ts';

const files = 300;
const limit = 100;

it(`reads ${files} growing files, some of them rotated, with ${limit} descriptors: each line once, in order`, async () => {
  const folder = temporaryFolder();
  const file = pipelineFile(
    folder,
    `
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { screen: { type: console } }`,
  );
  const script = `ulimit -n ${limit}; exec "${process.execPath}" "${bin}" run "${file}"`;
  const agent = new Child('bash', ['-c', script]);
  await agent.printed(' runs ');
  const each = rounds(20, 400);
  let most = 0;
  for (let round = 0; round < each; round++) {
    for (let i = 0; i < files; i++) {
      appendFileSync(join(folder, `${i}.log`), `${i} ${round}\n`);
      // Written to, renamed, written to again: in its folder its inode tells it.
      if (round === 5 && i % 10 === 0) renameSync(join(folder, `${i}.log`), join(folder, `${i}.log.1`));
    }
    await setTimeout(100);
    most = Math.max(most, openIn(agent.pid, folder));
  }
  const wanted = files * each;
  const deadline = Date.now() + 60_000;
  while (agent.stdout.split('\n').length <= wanted && Date.now() < deadline) await setTimeout(50);
  agent.kill('SIGTERM');
  expect(await agent.exited).toBe(0);

  const byFile = Map.groupBy(agent.stdout.split('\n').slice(0, -1), (line) => line.split(' ')[0]);
  for (let i = 0; i < files; i++) {
    expect(byFile.get(String(i))).toEqual(Array.from({ length: each }, (_, round) => `${i} ${round}`));
  }
  expect(most).toBeLessThanOrEqual(limit / 2 + 20);
  expect(agent.stderr).not.toMatch(/EMFILE|cannot be read|before its last/);
});
