import { setTimeout } from 'node:timers/promises';
import { type AgentStatus, askAgent, dataDirOf } from '@logcatch/core';
import { LogcatchError } from '@logcatch/plugin-api';
import { printErrors } from './engine.ts';
import { exitCode, signalExitCode } from './exit-codes.ts';
import { Screen } from './screen.ts';
import { wrapped } from './text.ts';
import { topText } from './top-text.ts';

/** Milliseconds between two looks. */
const interval = 1_000;
/** Characters of a line where nobody says how wide a page is. */
const pageWidth = 120;

/** `pipeline top FILE`: live where stdout is a terminal, else a frame each second; with `--once` one frame. */
export async function top(file: string, { once = false }: { once?: boolean }): Promise<void> {
  try {
    const dataDir = await dataDirOf(file, process.env);
    const look = async () => (await askAgent(dataDir, 'GET', '/status')) as AgentStatus;
    const first = await look();
    if (process.stdout.isTTY && !once) return await live(first, look);
    process.exitCode = await frames(first, look, once);
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

async function frames(first: AgentStatus, look: () => Promise<AgentStatus>, once: boolean): Promise<number> {
  // Nobody reads it any more, as in `pipeline top x.yaml | head`.
  process.stdout.on('error', () => process.exit());
  for (let before = first; ; ) {
    await setTimeout(interval);
    const after = await look();
    console.log(`${topText(before, after, process.stdout.columns ?? pageWidth)}${once ? '' : '\n'}`);
    if (once) return after.well ? exitCode.done : exitCode.failed;
    before = after;
  }
}

/** Until `q`, Ctrl-C or a signal. An agent that ends is waited for: another one may take its place. */
async function live(first: AgentStatus, look: () => Promise<AgentStatus>): Promise<void> {
  const screen = new Screen((signal) => process.exit(signal ? signalExitCode(signal) : exitCode.done));
  let before = first;
  let after = first;
  let trouble: string | undefined;
  const draw = () => {
    const frame = topText(before, after, screen.width, screen.height);
    const said = trouble === undefined ? [] : [...wrapped(trouble, screen.width), '', 'as it last was:'];
    screen.show([...said, frame].join('\n'));
  };
  screen.onResize(draw);
  for (;;) {
    draw();
    await setTimeout(interval);
    try {
      const next = await look();
      before = after;
      after = next;
      trouble = undefined;
    } catch (error) {
      if (!(error instanceof LogcatchError)) throw error;
      trouble = error.describe();
    }
  }
}
