import { type Agent, writeToStderr } from '@logcatch/core';
import type { LogFields } from '@logcatch/plugin-api';
import { type Backlog, ProgressMeter } from './progress-meter.ts';
import { progressBar, progressText } from './progress-text.ts';

/** Milliseconds between two looks, and between two lines of a log. */
const interval = { look: 500, line: 10_000 };

/** A line on stderr that is drawn again and again, below what is logged. */
class BarLine {
  #shown = false;

  show(text: string): void {
    process.stderr.write(`\r${text}\u001b[K`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}

/** How far a run is with a backlog: a bar where stderr is a terminal of its own, else a line in the log now and then. */
export class RunProgress {
  readonly #meter = new ProgressMeter();
  readonly #bar = new BarLine();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** A line of the log: the bar makes room for it. */
  readonly write = (line: string): void => {
    this.#bar.clear();
    writeToStderr(line);
  };

  /** @param ready when lines of others that know nothing of the bar are written */
  async start(agent: Agent, ready: Promise<void>): Promise<void> {
    await ready;
    if (this.#stopped) return;
    const { log, pipeline } = agent;
    // What a console output writes would be mixed with it.
    const console = process.stdout.isTTY && pipeline.outputs.some(({ component }) => component.type === 'console');
    const drawn = process.stderr.isTTY && !console && !log.json;
    let told = { at: Date.now(), done: 0 };
    this.#timer = setInterval(() => {
      const now = Date.now();
      const backlog = this.#meter.look(now, settledIn(agent), lagOf(agent));
      if (!backlog) this.#bar.clear();
      else if (drawn) this.#bar.show(progressBar(backlog, (process.stderr.columns || 80) - 1));
      else if (now - told.at >= interval.line && backlog.done !== told.done) {
        told = { at: now, done: backlog.done };
        log.info(`backlog: ${progressText(backlog)}`, log.json ? fieldsOf(backlog) : {});
      }
    }, interval.look);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#bar.clear();
  }
}

/** Bytes that have settled since the start, those that had before too: a file may be read again. */
function settledIn({ pipeline }: Agent): number {
  let bytes = 0;
  for (const { settled } of pipeline.removed.values()) bytes += settled;
  for (const { counters } of pipeline.inputs) bytes += counters.settled;
  return bytes;
}

/** Bytes that are still to come, but for those of files that cannot be delivered now: they may take for ever. */
function lagOf({ pipeline }: Agent): number {
  let bytes = 0;
  for (const input of pipeline.inputs) {
    for (const { lag, pausedBy } of input.sources) if (pausedBy.every((reason) => reason === 'window')) bytes += lag;
  }
  return bytes;
}

function fieldsOf({ done, known, rate, left }: Backlog): LogFields {
  return {
    done_bytes: done,
    known_bytes: known,
    bytes_per_second: Math.round(rate),
    seconds_left: Math.ceil(left),
  };
}
