import { unwatchFile, watchFile } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LogcatchError, messageOf, type ReloadOutcome } from '@logcatch/plugin-api';
import { Checkpointer } from './checkpointer.ts';
import { ConfigErrors, type Desired, diff, needsRestart } from './config/index.ts';
import { DeadLetters } from './dead-letters.ts';
import type { Engine } from './engine.ts';
import { pipelineHooks } from './hooks.ts';
import type { PipelineEnvironment } from './node.ts';
import { type LeftOver, Pipeline } from './pipeline.ts';
import { BufferPool } from './pool.ts';
import { Progress } from './progress.ts';
import { Store } from './store.ts';

/** Milliseconds between looks at the pipeline file. Polling sees every kind of change: editors, symlinks, network mounts. */
const watchInterval = 250;

export interface AgentOptions {
  /** Path of the pipeline file. */
  readonly file: string;
  readonly once: boolean;
}

/** One running pipeline with its state on disk, kept at what its file says. */
export class Agent {
  readonly pipeline: Pipeline;
  readonly progress: Progress;
  readonly #engine: Engine;
  readonly #file: string;
  readonly #store: Store;
  readonly #checkpointer: Checkpointer;
  readonly #pool: BufferPool;
  readonly #onFileChange = () => void this.reload('the file changed');
  #reloading: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  #stopping: Promise<LeftOver[]> | undefined;
  #changes = 0;

  /** Loads the file, takes the data_dir and builds every component. @throws ConfigErrors, LogcatchError */
  static async create(engine: Engine, { file, once }: AgentOptions): Promise<Agent> {
    const desired = await engine.load(file);
    const store = new Store(desired.dataDir);
    try {
      return new Agent(engine, resolve(file), desired, store, once);
    } catch (error) {
      store.close();
      throw error;
    }
  }

  private constructor(engine: Engine, file: string, desired: Desired, store: Store, once: boolean) {
    const { log } = engine;
    const hooks = pipelineHooks((error) => log.error(error.describe()));
    this.#engine = engine;
    this.#file = file;
    this.#store = store;
    this.progress = new Progress();
    this.#checkpointer = new Checkpointer(store, {
      checkpointed: (sources) => hooks.checkpointed.call(sources),
      trouble: (error) => {
        if (error) hooks.error.call(error);
        else log.info('checkpoints are written again');
      },
    });
    hooks.error.tap('log', (error) => (error.retriable ? log.warn(error.describe()) : log.error(error.describe())));
    // Under test a released chunk is overwritten, so that a view kept too long shows.
    this.#pool = new BufferPool(desired.maxBytes, process.env.NODE_ENV === 'test');
    const environment: PipelineEnvironment = {
      hooks,
      log,
      pool: this.#pool,
      store,
      checkpointer: this.#checkpointer,
      deadLetters: new DeadLetters(desired.dataDir),
      progress: this.progress,
      host: engine.host,
      dataDir: desired.dataDir,
      once,
      resolve: (path) => resolve(dirname(file), path),
    };
    this.pipeline = new Pipeline(desired, environment);
    engine.hooks.pipeline.call(this.pipeline);
  }

  start(): void {
    this.pipeline.start();
  }

  /** Applies the pipeline file whenever it changes. */
  watch(): void {
    watchFile(this.#file, { interval: watchInterval }, this.#onFileChange);
  }

  /** Applies what the file says now. One at a time; calls that come meanwhile share the next one. */
  reload(why: string): Promise<ReloadOutcome> {
    if (this.#next) return this.#next;
    const reload = (this.#reloading ?? Promise.resolve()).then(() => {
      this.#next = undefined;
      this.#reloading = this.#reload(why);
      return this.#reloading;
    });
    this.#next = reload;
    return reload;
  }

  /**
   * Waits for the end of all inputs (`once`), until nothing has moved for so many milliseconds.
   * @returns whether everything was delivered
   */
  async finished(timeout: number): Promise<boolean> {
    for (;;) {
      const { count } = this.progress;
      if (await this.progress.until(() => this.pipeline.finished, timeout)) break;
      if (this.progress.count === count) return false;
    }
    return this.pipeline.inputs.every((input) => input.failure === undefined);
  }

  /** Drains within `shutdown_timeout`, stops everything, writes the positions, and says what is left. */
  stop(): Promise<LeftOver[]> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<LeftOver[]> {
    unwatchFile(this.#file, this.#onFileChange);
    const leftOver = await this.pipeline.stop(this.pipeline.desired.shutdownTimeout);
    await this.#checkpointer.flush();
    this.#checkpointer.close();
    this.#store.close();
    await this.#engine.hooks.shutdown.promise();
    return leftOver;
  }

  async #reload(why: string): Promise<ReloadOutcome> {
    if (this.#stopping) return { result: 'unchanged' };
    const outcome = await this.#apply();
    const { log } = this.#engine;
    // Numbered, so that no line looks like a repetition of an earlier one.
    const change = `configuration change ${++this.#changes}`;
    if (outcome.result === 'applied') {
      const { plan } = outcome;
      const parts = (['add', 'change', 'retag', 'remove'] as const).filter((part) => plan[part].length > 0);
      log.info(`${change} applied (${why}): ${parts.map((part) => `${part} ${plan[part].join(', ')}`).join('; ')}`);
    } else if (outcome.result !== 'unchanged') {
      log.error(`${change} ${outcome.result} (${why}); what ran before goes on`);
      for (const error of outcome.errors) log.error(error.describe());
    }
    this.#engine.hooks.reloaded.call(outcome);
    return outcome;
  }

  async #apply(): Promise<ReloadOutcome> {
    try {
      const next = await this.#engine.load(this.#file);
      const errors = needsRestart(this.pipeline.desired, next);
      if (errors.length > 0) return { result: 'refused', errors };
      const plan = diff(this.pipeline.desired, next);
      const changes = Object.values(plan).some((part) => part.length > 0);
      if (changes) await this.#engine.hooks.beforeReload.promise(plan);
      this.#pool.budget = next.maxBytes;
      await this.pipeline.apply(next, plan);
      return changes ? { result: 'applied', plan } : { result: 'unchanged' };
    } catch (error) {
      return { result: 'refused', errors: errorsOf(error) };
    }
  }
}

function errorsOf(error: unknown): readonly LogcatchError[] {
  if (error instanceof ConfigErrors) return error.errors;
  if (error instanceof LogcatchError) return [error];
  return [new LogcatchError('LC_PLUGIN_THREW', messageOf(error), { cause: error })];
}
