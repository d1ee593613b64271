import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadedConfig, LogcatchError } from '@logcatch/plugin-api';
import { fakeConfigContext } from '@logcatch/testing';
import { onTestFinished } from 'vitest';
import { options } from '../../plugins/config-etcd/src/options.ts';
import { EtcdSource } from '../../plugins/config-etcd/src/source.ts';
import { type Tuning, tuning } from '../../plugins/config-etcd/src/tuning.ts';

/** What issue 4 promises: after a fault a new value is in effect within so many milliseconds. */
const promised = 10_000;
/** In ms: a busy machine gets more. */
const deadline = 3 * promised;

/** So that faults are noticed soon. The times that users have are those of the agents of etcd-config.test.ts. */
const quick: Tuning = { ...tuning, look: 1_000, spread: 250, pause: 500, refused: 1_000 };

/** Waits longer than is promised, and gives the milliseconds that it took. @param facts what to say when it was in vain */
export async function until(what: () => unknown, facts: () => string = () => ''): Promise<number> {
  const started = performance.now();
  while (!(await what())) {
    if (performance.now() - started > deadline) throw new Error(`not within ${deadline} ms: ${what}; ${facts()}`);
    await sleep(10);
  }
  return performance.now() - started;
}

/** Drives a source as the engine does: loads after every hint and, after a failure, after a pause; keeps the last good value. */
export class SourceDriver {
  readonly context = Object.assign(fakeConfigContext(), {
    secret: async (value: string | { file: string }) =>
      typeof value === 'string' ? value : readFileSync(value.file, 'utf8').trim(),
  });
  readonly source: EtcdSource;
  readonly errors: LogcatchError[] = [];
  loaded: LoadedConfig | undefined;
  #hint = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(given: NonNullable<Parameters<typeof options.parse>[0]>, times = quick) {
    this.context.changed = () => this.#hint.resolve();
    this.source = new EtcdSource(options.parse(given), this.context, times);
    this.#running = this.#run();
    onTestFinished(() => this.stop());
  }

  /** The texts that are in effect. */
  get texts(): Record<string, string> {
    if (this.loaded && 'document' in this.loaded) return { '': this.loaded.document.text };
    if (!this.loaded || !('documents' in this.loaded)) return {};
    return Object.fromEntries(Object.entries(this.loaded.documents).map(([name, { text }]) => [name, text]));
  }

  get lastError(): LogcatchError | undefined {
    return this.errors.at(-1);
  }

  /** Waits, and gives the milliseconds that it took. */
  until(what: () => boolean): Promise<number> {
    return until(what, () => `${JSON.stringify(this.loaded)}; ${this.lastError?.describe()}`);
  }

  value(text: string): Promise<number> {
    return this.until(() => this.texts[''] === text);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the test is over'));
    this.#hint.resolve();
    await this.source.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    await this.source.start(signal);
    while (!signal.aborted) {
      let failed = false;
      try {
        this.loaded = await this.source.load(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof LogcatchError)) throw error;
        this.errors.push(error);
        failed = true;
      }
      await Promise.race([this.#hint.promise, ...(failed ? [sleep(500)] : [])]);
      this.#hint = Promise.withResolvers();
    }
  }
}
