import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bin, pipelineFile, temporaryFolder } from './support/agent.ts';
import { Child } from './support/child.ts';
import { read } from './support/document.ts';

const line = `${'backlog '.repeat(25)}\n`;
const lines = 450_000;
const size = line.length * lines;
const yaml = `
inputs: { app: { type: file-tail, paths: ./a.log } }
outputs: { screen: { type: console } }
`;
/** Takes some MiB a second until there is a file `go`, and prints how many lines it got. */
const reader =
  '(until [ -e go ]; do dd bs=64k count=4 iflag=fullblock status=none; sleep 0.05; done; cat) | wc -l | tr -d " "';
/** What docs/operating.md shows, with other numbers. */
const documented = new RegExp(
  /`backlog: (.+ left)`/
    .exec(read('docs/operating.md'))![1]!
    .replace(/[()]/g, '\\$&')
    .replace(/\d+(\.\d+)?/g, '[\\d.]+'),
);

it.skipIf(process.platform !== 'linux')(
  'a run with a backlog says how far it is, also where it reads again: in its log, or on its terminal',
  async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.log'), line.repeat(lines));
    const command = (name: string) =>
      `${process.execPath} ${bin} run --once ${pipelineFile(folder, yaml, `${name}.yaml`)} | ${reader}`;
    const pipeline = `${process.execPath} ${bin}`;
    // Of what is read again the books count nothing.
    const again = `${pipeline} run --once logged.yaml >before; ${pipeline} checkpoints logged.yaml reset a.log >before`;
    const logged = new Child('sh', ['-c', `${again}; ${command('logged')}`], { cwd: folder });
    const drawn = new Child('script', ['-qfec', `stty cols 100; ${command('drawn')}`, '/dev/null'], { cwd: folder });

    await drawn.printed(new RegExp(`\r\\[#*\\.+\\] ${documented.source}`), 'stdout');
    await logged.printed(new RegExp(`"backlog: ${documented.source}","done_bytes":\\d+,"known_bytes":${size},`));
    writeFileSync(join(folder, 'go'), '');
    const [log, terminal] = await Promise.all([logged.result(), drawn.result()]);
    const end = `${lines} records written to screen; nothing is left to deliver`;
    expect(log).toMatchObject({ code: 0, stdout: `${lines}\n`, stderr: expect.stringContaining(end) });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the bar makes room for what is logged
    expect(terminal.stdout).toMatch(/left\u001b\[K\r\u001b\[K.* stopping/);
    expect(terminal.stdout.split('\r\n').slice(-3)).toEqual([`stopped: ${end}`, `${lines}`, '']);
  },
);
