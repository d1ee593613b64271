import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Arrivals } from '../arrivals.ts';
import { reaches } from '../pace.ts';
import { Running, type Usage, usageOf } from '../process.ts';
import { LinePipe } from './line-pipe.ts';
import type { Tailer } from './tailer.ts';

/** What a tailer used while it did something. */
export interface Load extends Usage {
  /** CPU as a share of one core. */
  readonly share: number;
}

/** One tailer at work on a folder of logs. */
export class Session {
  readonly arrivals = new Arrivals();
  readonly logs: string;
  readonly #folder: string;
  readonly #pipe: LinePipe;
  #process: Running | undefined;

  constructor(folder: string) {
    this.#folder = mkdtempSync(join(folder, 'session-'));
    this.logs = join(this.#folder, 'logs');
    mkdirSync(this.logs);
    this.#pipe = new LinePipe(join(this.#folder, 'lines'), (...line) => this.arrivals.take(...line));
  }

  log(name: string | number): string {
    return join(this.logs, `${name}.log`);
  }

  start(tailer: Tailer): void {
    const state = join(this.#folder, 'state');
    mkdirSync(state);
    const command = tailer.follow(state, join(this.logs, '*.log'), this.#pipe.path);
    this.#process = this.#pipe.writer((fd) => new Running(command, fd));
  }

  /** @throws when the tailer ends meanwhile */
  async during(work: () => Promise<void>): Promise<Load> {
    const process = this.#process!;
    const before = usageOf(process.pid);
    const started = performance.now();
    await process.during(work);
    const after = usageOf(process.pid);
    return { ...after, share: (after.cpu - before.cpu) / ((performance.now() - started) / 1000) };
  }

  /** Waits for so many lines, as long as there come some. @returns how many are missing */
  async arrived(lines: number): Promise<number> {
    await this.#process!.during((signal) => reaches(lines, () => this.arrivals.count, signal));
    return lines - this.arrivals.count;
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#pipe.close();
    rmSync(this.#folder, { recursive: true });
  }
}
