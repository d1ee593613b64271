import type { EndingSignal } from './exit-codes.ts';

const control = '\u001b[';
const ctrlC = '\u0003';
/** The other screen, no cursor, and no line longer than the terminal. */
const enter = `${control}?1049h${control}?25l${control}?7l`;
const leave = `${control}?7h${control}?25h${control}?1049l`;
const restOfLine = `${control}K`;
/** Of a terminal that does not say how large it is: a serial line, some containers. */
const usual = { columns: 80, rows: 24 };
const restOfScreen = `${control}J`;

/** The whole terminal, for as long as the process lives: what was there before is there again afterwards. */
export class Screen {
  /** @param ended called by `q` and Ctrl-C, and by a signal; it ends the process */
  constructor(ended: (signal?: EndingSignal) => void) {
    const { stdin, stdout } = process;
    process.once('exit', () => {
      if (stdin.isTTY) stdin.setRawMode(false);
      stdout.write(leave);
    });
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended(signal));
    // The terminal has gone.
    stdout.on('error', () => ended());
    if (stdin.isTTY) {
      stdin.setRawMode(true);
      stdin.setEncoding('utf8').on('data', (keys: string) => {
        if (['q', 'Q', ctrlC].some((key) => keys.includes(key))) ended();
      });
    }
    stdout.write(enter);
  }

  /** One less than there is: what clears the rest of a line would clear its last character. */
  get width(): number {
    return (process.stdout.columns || usual.columns) - 1;
  }

  get height(): number {
    return process.stdout.rows || usual.rows;
  }

  onResize(draw: () => void): void {
    process.stdout.on('resize', draw);
  }

  /** Puts a text in the place of the one before; lines that find no room at the end are left out. */
  show(text: string): void {
    const lines = text.split('\n').slice(0, this.height);
    process.stdout.write(`${control}H${lines.map((line) => line + restOfLine).join('\r\n')}${restOfScreen}`);
  }
}
