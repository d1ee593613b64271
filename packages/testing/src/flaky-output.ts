import { type Batch, LogcatchError, type Output, Rejected } from '@logcatch/plugin-api';

/** An output over memory that fails when it is told to. */
export class FlakyOutput implements Output {
  /** What it has written, in order, with what was written twice. */
  readonly written: string[] = [];
  /** Writes that failed. */
  failures = 0;
  #failing = 0;
  #refuses: (text: string) => boolean = () => false;

  /** So many writes fail; `Infinity`: until {@link heal}. */
  fail(writes = Number.POSITIVE_INFINITY): void {
    this.#failing = writes;
  }

  heal(): void {
    this.#failing = 0;
  }

  /** Records that it never takes. */
  refuse(refuses: (text: string) => boolean): void {
    this.#refuses = refuses;
  }

  async start(): Promise<void> {}

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#failing > 0) {
      this.#failing--;
      this.failures++;
      throw new Error('the target is away');
    }
    const refused = [...batch].filter(({ text }) => this.#refuses(text)).map(({ index }) => index);
    for (const { index, text } of batch) if (!refused.includes(index)) this.written.push(text);
    const reason = new LogcatchError('LC_RECORD_REFUSED', 'the target does not take it');
    if (refused.length > 0) throw new Rejected(refused.map((index) => ({ index, reason })));
  }

  async stop(): Promise<void> {}
}
