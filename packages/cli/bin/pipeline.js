#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still say what is wrong.
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);
const supported = (major === 22 && minor >= 22) || (major === 24 && minor >= 15) || major >= 26;

// V8 lets the space for new objects grow to 48 MB, which a shipper that makes no object per line never needs; that can only be
// said when a process starts. This is still the same process: same pid, same files.
const lean = '--max-semi-space-size=2';
const again = supported && process.argv[2] === 'run' && !process.execArgv.includes(lean);
if (again)
  process.execve?.(
    process.execPath,
    [process.execPath, lean, ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  );

if (supported) {
  // Compiled code is kept, which halves the start and saves memory. In a folder of this user's own: code that others could
  // write there would be run.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'logcatch', 'compiled'));
  const { main } = await import('@logcatch/cli');
  await main(process.argv);
} else {
  console.error(`pipeline needs Node 22.22, 24.15, 26 or newer; this is ${process.version} (${process.execPath}).`);
  process.exit(2);
}
