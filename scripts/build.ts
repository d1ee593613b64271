/** `pnpm build`: a bundle of every package and its types, into its `dist`. The repo itself runs from source. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const types = join(root, 'dist');

/**
 * What a bundle leaves outside: our own packages, so that each of them is there once and a plugin is loaded when a file
 * names it; binaries; kafkajs, whose parts are asked for by path; etcd3, which reads files of its own. The rest is taken
 * in, since a start spends most of its time on finding and reading small files; it stays a dependency, for its types and its
 * licence.
 */
const external = /^(@logcatch\/|@node-rs\/|etcd3$|kafkajs|lz4-napi$|snappy$)/;

const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);
for (const manifest of globSync('{packages,plugins}/*/package.json', { cwd: root })) {
  const folder = dirname(manifest);
  const cwd = join(root, folder);
  const dist = join(cwd, 'dist');
  rmSync(dist, { recursive: true, force: true });
  cpSync(join(types, folder, 'src'), dist, { recursive: true });
  // Names, lines and the files they come from are kept, so that a stack trace can be read without a map.
  await build({
    cwd,
    input: 'src/index.ts',
    external,
    platform: 'node',
    output: { dir: dist, chunkFileNames: '[name].js' },
    logLevel: 'warn',
  });
}
rmSync(types, { recursive: true });
