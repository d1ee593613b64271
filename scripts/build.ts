/** `pnpm build`: JavaScript and types of every package, into its `dist`. The repo itself runs from source. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'dist');

const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);
for (const manifest of globSync('{packages,plugins}/*/package.json', { cwd: root })) {
  const folder = dirname(manifest);
  rmSync(join(root, folder, 'dist'), { recursive: true, force: true });
  cpSync(join(output, folder, 'src'), join(root, folder, 'dist'), { recursive: true });
}
rmSync(output, { recursive: true });
