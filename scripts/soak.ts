/** `pnpm soak [name]`: the tests with larger counts; with a name, only the files that contain it. */
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('vitest', ['run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, SOAK: '1' },
});
process.exitCode = status ?? 1;
