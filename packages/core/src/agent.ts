import { basename, dirname, resolve } from 'node:path';
import { FileWatch, LogcatchError, messageOf, type ReloadOutcome } from '@logcatch/plugin-api';
import { Checkpointer } from './checkpointer.ts';
import { ConfigErrors, type Desired, diff, isEmpty, needsRestart } from './config/index.ts';
import { Configuration, theFile, together } from './configuration.ts';
import { ConfigurationChanges } from './configuration-change.ts';
import { ControlServer, commandsOf } from './control.ts';
import { DeadLetters } from './dead-letters.ts';
import type { Engine } from './engine.ts';
import { type FilePlan, filePlan, refusedPlan } from './file-plan.ts';
import { pipelineHooks } from './hooks.ts';
import type { PipelineEnvironment } from './node.ts';
import { type LeftOver, Pipeline } from './pipeline.ts';
import { planLine } from './plan-line.ts';
import { BufferPool } from './pool.ts';
import { Progress } from './progress.ts';
import { Reporter } from './reporter.ts';
import { Store } from './store.ts';
import { type Backoff, delay } from './supervisor.ts';

/** Between tries of a change that was refused for something that may pass. */
const retryBackoff: Backoff = { first: 2_000, last: 60_000 };

export interface AgentOptions {
  /** Path of the pipeline file. */
  readonly file: string;
  readonly once: boolean;
  /** Of the program, for its status. Default: `unknown`. */
  readonly version?: string;
}

/** One running pipeline with its state on disk, kept at what its file says. */
export class Agent {
  readonly pipeline: Pipeline;
  readonly configuration: Configuration;
  readonly progress: Progress;
  readonly deadLetters: DeadLetters;
  readonly changes = new ConfigurationChanges();
  /** `agent_id:` of the file, else one that is kept in data_dir. */
  readonly id: string;
  readonly version: string;
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now();
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #checkpointer: Checkpointer;
  readonly #pool: BufferPool;
  readonly #watch: FileWatch;
  #reloading: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  #stopping: Promise<LeftOver[]> | undefined;
  #control: Promise<ControlServer | undefined> = Promise.resolve(undefined);
  readonly #reporter = new Reporter(this);
  #fileDirty = false;
  #again: NodeJS.Timeout | undefined;
  #attempt = 0;
  /** Why what is refused now is refused, by name. */
  readonly #told = new Map<string, string>();

  /** Loads the file, takes the data_dir, asks the configuration sources and builds every component. @throws ConfigErrors, LogcatchError */
  static async create(engine: Engine, { file, once, version = 'unknown' }: AgentOptions): Promise<Agent> {
    const loaded = await engine.read(file);
    const store = new Store(loaded.settings.dataDir);
    let agent: Agent | undefined;
    const configuration = new Configuration(engine, loaded, {
      store,
      changed: () => agent && void agent.#evaluate(),
      moved: () => {
        if (agent) agent.#reporter.soon();
      },
    });
    try {
      const desired = await configuration.start();
      agent = new Agent(engine, configuration, desired, store, { once, version });
      // What came while it was being built.
      if (configuration.changed.length > 0) void agent.#evaluate();
      return agent;
    } catch (error) {
      await configuration.stop();
      store.close();
      throw error;
    }
  }

  private constructor(
    engine: Engine,
    configuration: Configuration,
    desired: Desired,
    store: Store,
    { once, version }: Required<Pick<AgentOptions, 'once' | 'version'>>,
  ) {
    const { log } = engine;
    const hooks = pipelineHooks((error) => log.error(error.describe()));
    this.#engine = engine;
    this.id = desired.agentId ?? store.agentId();
    this.version = version;
    this.host = engine.host;
    this.configuration = configuration;
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
    this.deadLetters = new DeadLetters(desired.dataDir);
    this.#pool = new BufferPool(desired.maxBytes, process.env.NODE_ENV === 'test');
    const environment: PipelineEnvironment = {
      hooks,
      log,
      pool: this.#pool,
      store,
      checkpointer: this.#checkpointer,
      deadLetters: this.deadLetters,
      progress: this.progress,
      host: engine.host,
      dataDir: desired.dataDir,
      once,
      resolve: (path) => resolve(dirname(desired.file), path),
    };
    this.pipeline = new Pipeline(desired, environment);
    const { file } = desired;
    this.#watch = new FileWatch({ path: file, label: basename(file), changed: () => void this.reloadFile() });
    engine.hooks.pipeline.call(this.pipeline);
  }

  start(): void {
    this.pipeline.start();
    this.#control = this.#openControl();
    this.pipeline.hooks.status.tap('reporter', () => this.#reporter.soon());
    this.#reporter.start();
  }

  /** Applies the pipeline file whenever it changes. */
  watch(): void {
    // It may have been edited since it was read: asking the sources can take a while. Only a stop makes this fail.
    void this.#watch.start(new AbortController().signal).then(
      () => this.reloadFile(),
      () => {},
    );
  }

  /** Reads the pipeline file again and applies what it says now. */
  reloadFile(): Promise<ReloadOutcome> {
    this.#fileDirty = true;
    return this.#evaluate();
  }

  /** Reads the pipeline file again and says what would change. Nothing does. */
  async planFile(): Promise<FilePlan> {
    const { desired } = this.pipeline;
    try {
      const { desired: next, refused } = this.configuration.preview(await this.#engine.read(desired.file));
      return filePlan(desired, next, refused);
    } catch (error) {
      return refusedPlan(errorsOf(error));
    }
  }

  /** Reads the file and asks all configuration sources again: SIGHUP. */
  async refresh(): Promise<ReloadOutcome> {
    this.configuration.refresh();
    const outcome = await this.reloadFile();
    if (outcome.result === 'unchanged') this.#engine.log.info('the file is as it was; every source is asked again');
    return outcome;
  }

  /** Applies whatever is new. One at a time; calls that come meanwhile share the next one. */
  #evaluate(): Promise<ReloadOutcome> {
    if (this.#next) return this.#next;
    const next = (this.#reloading ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#reloading = this.#reload();
        return this.#reloading;
      });
    this.#next = next;
    return next;
  }

  /**
   * Waits for the end of all inputs (`once`), until nothing has moved for so many milliseconds.
   * @returns whether everything was delivered
   */
  async finished(timeout: number): Promise<boolean> {
    let { count } = this.progress;
    let deadline = Date.now() + timeout;
    while (!(await this.progress.until(() => this.pipeline.finished, Math.min(timeout, 1_000)))) {
      if (this.progress.count !== count) {
        ({ count } = this.progress);
        deadline = Date.now() + timeout;
      } else if (Date.now() >= deadline) return false;
    }
    return this.pipeline.inputs.every((input) => input.failure === undefined);
  }

  /** Drains within `shutdown_timeout`, stops everything, writes the positions, and says what is left. */
  stop(): Promise<LeftOver[]> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Without it only the commands that ask a running agent do not work. */
  async #openControl(): Promise<ControlServer | undefined> {
    try {
      return await ControlServer.open(this.pipeline.desired.dataDir, commandsOf(this));
    } catch (error) {
      for (const known of errorsOf(error)) this.#engine.log.warn(known.describe());
      return undefined;
    }
  }

  async #stop(): Promise<LeftOver[]> {
    this.#engine.log.info(`stopping: what is on its way has ${this.pipeline.desired.shutdownTimeout} ms`);
    clearTimeout(this.#again);
    await this.#watch.stop();
    this.#reporter.stop();
    this.pipeline.hurry();
    await this.#reloading?.catch(() => {});
    const [leftOver] = await Promise.all([
      this.pipeline.stop(this.pipeline.desired.shutdownTimeout),
      this.configuration.stop(),
    ]);
    await this.#checkpointer.flush();
    this.#checkpointer.close();
    // Before the lock of data_dir goes: the next agent makes its own.
    await (await this.#control)?.close();
    this.#store.close();
    await this.#engine.hooks.shutdown.promise();
    return leftOver;
  }

  async #reload(): Promise<ReloadOutcome> {
    if (this.#stopping) return { result: 'unchanged' };
    const { configuration } = this;
    if (this.#fileDirty) {
      this.#fileDirty = false;
      // Of another version the same is said once more.
      if ((await configuration.readFile()) && this.#told.has(theFile)) this.#told.set(theFile, '');
    }
    configuration.dropKnown();
    clearTimeout(this.#again);
    const changed = new Set(configuration.changed);
    let last: ReloadOutcome = { result: 'unchanged' };
    for (const names of together([...changed])) {
      if (this.#stopping) return last;
      const outcome = await this.#apply(names);
      if (isRefused(outcome)) continue;
      this.#took(names, outcome);
      for (const name of names) changed.delete(name);
      last = outcome;
      break;
    }
    // What is left is tried alone: that says what is wrong with it.
    for (const name of changed) {
      if (this.#stopping) return last;
      const outcome = await this.#apply(new Set([name]));
      if (isRefused(outcome)) {
        this.#refused(name, outcome);
        if (outcome.errors.every(({ retriable }) => retriable)) this.#tryAgain();
      } else this.#took(new Set([name]), outcome);
      if (last.result !== 'applied' || outcome.result === 'applied') last = outcome;
    }
    return last;
  }

  /** Nothing but a server that does not answer stands in its way. */
  #tryAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.#evaluate(), delay(retryBackoff, this.#attempt++));
  }

  /** It stays refused, and is tried again with whatever else comes: that is said once. */
  #refused(name: string, outcome: Extract<ReloadOutcome, { errors: unknown }>): void {
    const reason = outcome.errors.map((error) => error.describe()).join();
    this.configuration.refused(name, outcome.errors);
    if (this.#told.get(name) === reason) return;
    this.#told.set(name, reason);
    this.#tell(outcome, name);
  }

  #took(names: ReadonlySet<string>, outcome: ReloadOutcome): void {
    this.#attempt = 0;
    const mended = [...names].filter((name) => this.#told.delete(name));
    if (mended.length > 0 && outcome.result === 'unchanged') {
      this.changes.mended();
      this.#engine.log.info(`${mended.join(', ')}: valid again, and as it was; nothing changes`);
    }
    this.#tell(outcome, [...names].join(', '));
  }

  #tell(outcome: ReloadOutcome, what: string): void {
    const { log, hooks } = this.#engine;
    if (outcome.result === 'unchanged') return;
    // Numbered, so that no line looks like a repetition of an earlier one.
    const change = `configuration change ${this.changes.add(outcome, what)}`;
    this.#reporter.soon();
    if (outcome.result === 'applied') {
      log.info(`${change} applied (${what}): ${planLine(outcome.plan)}`);
    } else {
      log.error(`${change} ${outcome.result} (${what}); what ran before goes on`);
      for (const error of outcome.errors) log.error(`${change}: ${error.describe()}`);
    }
    hooks.reloaded.call(outcome);
  }

  async #apply(names: ReadonlySet<string>): Promise<ReloadOutcome> {
    const { configuration } = this;
    try {
      const versions = configuration.versions(names);
      const next = configuration.resolve(versions);
      const errors = needsRestart(this.pipeline.desired, next);
      if (errors.length > 0) return { result: 'refused', errors };
      const plan = diff(this.pipeline.desired, next);
      const changes = !isEmpty(plan);
      if (changes) await this.#engine.hooks.beforeReload.promise(plan);
      const faults = await configuration.applying(() => this.pipeline.apply(next, plan));
      if (faults.length > 0) return { result: 'rolled back', errors: faults };
      this.#pool.budget = next.maxBytes;
      await configuration.accept(versions, next);
      return changes ? { result: 'applied', plan } : { result: 'unchanged' };
    } catch (error) {
      return { result: 'refused', errors: errorsOf(error) };
    }
  }
}

function isRefused(outcome: ReloadOutcome): outcome is Extract<ReloadOutcome, { errors: unknown }> {
  return outcome.result === 'refused' || outcome.result === 'rolled back';
}

function errorsOf(error: unknown): readonly LogcatchError[] {
  if (error instanceof ConfigErrors) return error.errors;
  if (error instanceof LogcatchError) return [error];
  return [new LogcatchError('LC_PLUGIN_THREW', messageOf(error), { cause: error })];
}
