/** `pnpm start`: a pipeline on real files, with a writer beside it. Ctrl-C ends both. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const file = path('pipelines/quickstart.yaml');

// A fresh try each time: what an earlier one left would be shipped first.
rmSync(path('pipelines/logs'), { recursive: true, force: true });
rmSync(path('pipelines/.logcatch/quickstart'), { recursive: true, force: true });

const tries = `
  Try:  edit pipelines/quickstart.yaml while it runs, e.g. \`format: json\`, and save it
        echo "a line of mine" >> pipelines/logs/mine.log
  Stop: Ctrl-C
`;
console.error(`
Lines from two log files, two a second, follow each other below; the files are rotated as you watch.${tries}`);

const writer = spawn(process.execPath, [path('scripts/write-logs.ts'), path('pipelines/logs'), '2'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
createInterface(writer.stdout).on('line', (rotated) => console.error(`-- ${rotated}: reading goes on`));
// By then they have left a small screen.
const again = setInterval(() => console.error(tries), 15_000);
const pipeline = spawn(
  process.execPath,
  [path('packages/cli/bin/pipeline.js'), 'run', file, '--log-format', 'pretty'],
  {
    stdio: 'inherit',
  },
);

// On a terminal Ctrl-C reaches the children too; from elsewhere only this process gets the signal.
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!stopping && !(signal === 'SIGINT' && process.stdin.isTTY)) pipeline.kill('SIGTERM');
    stopping = true;
  });
}
pipeline.on('exit', (code) => {
  clearInterval(again);
  writer.kill();
  process.exitCode = code ?? 1;
});
