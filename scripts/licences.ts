/** Part of `pnpm lint`: every package that a user installs has a licence that asks for no more than its own text. */
import { spawnSync } from 'node:child_process';

const allowed = new Set(['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);

// pnpm names itself to what it runs.
const pnpm = process.env.npm_execpath;
if (!pnpm?.includes('pnpm')) throw new Error('Run it by `pnpm lint`.');
const { status, stdout } = spawnSync(process.execPath, [pnpm, 'licenses', 'ls', '--json', '--prod'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (status !== 0) process.exit(1);
const packages = JSON.parse(stdout) as Record<string, { name: string }[]>;
const refused = Object.entries(packages).filter(([licence]) => !allowed.has(licence));
for (const [licence, list] of refused)
  console.error(
    `${licence}: ${list.map(({ name }) => name).join(', ')}. Do without, or see what it asks for and allow it in scripts/licences.ts.`,
  );
process.exit(refused.length > 0 ? 1 : 0);
