import { basename, dirname, resolve } from 'node:path';
import { FileWatch, type LogcatchError, type ReloadOutcome, type Status } from '@logcatch/plugin-api';
import type { Desired } from './config/index.ts';
import { ControlServer, commandsOf } from './control/control.ts';
import { fileList } from './control/file-list.ts';
import { HttpEndpoint, type PageFiles } from './control/http-endpoint.ts';
import { Taps } from './control/taps.ts';
import type { Engine } from './engine.ts';
import { errorsOf } from './errors-of.ts';
import { pipelineHooks } from './hooks.ts';
import { DeadLetters } from './letters/dead-letters.ts';
import type { Log } from './log.ts';
import { Marks } from './output/marks.ts';
import type { PipelineEnvironment } from './pipeline/node.ts';
import { type LeftOver, Pipeline } from './pipeline/pipeline.ts';
import { BufferPool } from './pipeline/pool.ts';
import { Progress } from './pipeline/progress.ts';
import { Configuration } from './reload/configuration.ts';
import type { ConfigurationChanges } from './reload/configuration-change.ts';
import { type FilePlan, filePlan, refusedPlan } from './reload/file-plan.ts';
import { Reloads } from './reload/reloads.ts';
import { ownerOf } from './state/checkpoint-owner.ts';
import { Checkpointer } from './state/checkpointer.ts';
import { Checkpoints } from './state/checkpoints.ts';
import type { Account } from './state/ledger.ts';
import { Store } from './state/store.ts';
import { statusOf } from './status/agent-status.ts';
import { ErrorCounter } from './status/error-counter.ts';
import { graphOf, type PipelineGraph } from './status/pipeline-graph.ts';
import { RecentErrors } from './status/recent-errors.ts';
import { Reporter } from './status/reporter.ts';

export interface AgentOptions {
  /** Path of the pipeline file. */
  readonly file: string;
  readonly once: boolean;
  /** Of the program, for its status. Default: `unknown`. */
  readonly version?: string;
  /** The page at `/` of `http:`. Default: there is none. */
  readonly page?: () => Promise<PageFiles>;
}

/** Milliseconds without any progress after which it is said that a run with an end stands still. */
const standstill = 10_000;
/** Milliseconds of the longest timer. */
const longest = 2 ** 31 - 1;

/** One running pipeline with its state on disk, kept at what its file says. */
export class Agent {
  readonly pipeline: Pipeline;
  readonly configuration: Configuration;
  readonly progress: Progress;
  readonly deadLetters: DeadLetters;
  readonly errors: ErrorCounter;
  readonly recentErrors: RecentErrors;
  readonly taps: Taps;
  readonly checkpoints: Checkpoints;
  readonly pool: BufferPool;
  readonly http: HttpEndpoint;
  /** `agent_id:` of the file, else one that is kept in data_dir. */
  readonly id: string;
  readonly version: string;
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now();
  readonly log: Log;
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #checkpointer: Checkpointer;
  readonly #watch: FileWatch;
  readonly #reloads: Reloads;
  readonly #failed = Promise.withResolvers<LogcatchError>();
  /** What its configuration was warned of: once each. */
  readonly #warned = new Set<string>();
  #stopping: Promise<LeftOver[]> | undefined;
  #control: Promise<ControlServer | undefined> = Promise.resolve(undefined);
  #listening: Promise<void> = Promise.resolve();
  readonly #reporter = new Reporter(this);
  #graph: { readonly of: readonly [object, object]; readonly graph: PipelineGraph } | undefined;

  /** Loads the file, takes the data_dir, asks the configuration sources and builds every component. @throws ConfigErrors, LogcatchError */
  static async create(engine: Engine, { file, ...options }: AgentOptions): Promise<Agent> {
    const loaded = await engine.read(file);
    const store = new Store(loaded.settings.dataDir);
    // At once: the next start finds nothing wrong any more.
    if (store.repaired) engine.log.error(store.repaired.describe());
    let agent: Agent | undefined;
    const configuration = new Configuration(engine, loaded, {
      store,
      changed: () => agent && void agent.#reloads.evaluate(),
      moved: () => {
        if (agent) agent.#reporter.soon();
      },
    });
    try {
      const desired = await configuration.start();
      agent = new Agent(engine, configuration, desired, store, options);
      // What came while it was being built.
      if (configuration.changed.length > 0) void agent.#reloads.evaluate();
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
    { once, version = 'unknown', page }: Omit<AgentOptions, 'file'>,
  ) {
    const { log } = engine;
    const hooks = pipelineHooks((error) => log.error(error.describe()));
    this.#engine = engine;
    this.log = log;
    this.id = desired.agentId ?? store.agentId();
    this.version = version;
    this.host = engine.host;
    this.configuration = configuration;
    this.#store = store;
    this.progress = new Progress();
    this.#checkpointer = new Checkpointer(store, {
      checkpointed: (sources) => hooks.checkpointed.call(sources),
      trouble: (error) => {
        if (error) return hooks.error.call(error);
        log.forget();
        log.info('checkpoints are written again');
      },
    });
    hooks.error.tap('log', (error) => log.failure(error));
    this.deadLetters = new DeadLetters(desired.dataDir);
    this.recentErrors = new RecentErrors(hooks);
    // Under test a released chunk is overwritten, so that a view kept too long shows.
    this.pool = new BufferPool(desired.maxBytes, process.env.NODE_ENV === 'test');
    const environment: PipelineEnvironment = {
      hooks,
      log,
      pool: this.pool,
      store,
      checkpointer: this.#checkpointer,
      deadLetters: this.deadLetters,
      progress: this.progress,
      agentId: this.id,
      marks: new Marks(),
      host: engine.host,
      now: engine.now,
      dataDir: desired.dataDir,
      once,
      failed: (error) => this.#failed.resolve(error),
      resolve: (path) => resolve(dirname(desired.file), path),
    };
    this.pipeline = new Pipeline(desired, environment);
    this.errors = new ErrorCounter(hooks, engine.hooks, (id) => this.pipeline.counters(id));
    this.taps = new Taps(this.pipeline);
    this.#reloads = new Reloads({
      engine,
      configuration,
      pipeline: this.pipeline,
      applied: (desired) => {
        this.pool.budget = desired.maxBytes;
        void this.http.listen(desired.http);
        this.#warn(desired);
      },
      told: () => this.#reporter.soon(),
    });
    this.http = new HttpEndpoint({
      log,
      resolve: environment.resolve,
      status: (most) => statusOf(this, most),
      files: (text) => fileList(this.pipeline.inputs, text),
      tap: (query) => this.taps.stream(query),
      ...(page && { page }),
    });
    const { file } = desired;
    this.#watch = new FileWatch({ path: file, label: basename(file), changed: () => void this.reloadFile() });
    this.checkpoints = new Checkpoints(ownerOf(this.pipeline, store, this.#checkpointer, log), true);
    engine.hooks.pipeline.call(this.pipeline);
    this.#warn(desired);
  }

  start(): void {
    this.pipeline.start();
    this.#listening = this.http.listen(this.pipeline.desired.http);
    this.#control = this.#openControl();
    this.pipeline.hooks.status.tap('reporter', () => this.#reporter.soon());
    this.#reporter.start();
  }

  /** Resolves when it cannot go on, with why: then it has to be stopped. Stays pending otherwise. */
  get failed(): Promise<LogcatchError> {
    return this.#failed.promise;
  }

  /** Resolves when commands and others can ask it, or when it is known that they cannot. */
  async listening(): Promise<void> {
    await Promise.all([this.#control, this.#listening]);
  }

  /** Applies the pipeline file whenever it changes. */
  watch(): void {
    // It may have been edited since it was read: asking the sources can take a while. Only a stop makes this fail.
    void this.#watch.start(new AbortController().signal).then(
      () => this.reloadFile(),
      () => {},
    );
  }

  get changes(): ConfigurationChanges {
    return this.#reloads.changes;
  }

  /** Reads the pipeline file again and applies what it says now. */
  reloadFile(): Promise<ReloadOutcome> {
    return this.#reloads.file();
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
    this.#reloads.impatient();
    const outcome = await this.reloadFile();
    if (outcome.result === 'unchanged') this.#engine.log.info('the file is as it was; every source is asked again');
    return outcome;
  }

  /**
   * Waits for the end of all inputs (`once`), until nothing has moved for so many milliseconds.
   * @param stands told once when nothing has moved for ten seconds, with the milliseconds that are left
   * @returns whether everything was delivered
   */
  async finished(timeout: number, stands?: (left: number) => void): Promise<boolean> {
    let { count } = this.progress;
    let movedAt = Date.now();
    let told = false;
    while (!(await this.progress.until(() => this.pipeline.finished, Math.min(timeout, 1_000)))) {
      const now = Date.now();
      if (this.progress.count !== count) {
        ({ count } = this.progress);
        movedAt = now;
        told = false;
      }
      const left = movedAt + timeout - now;
      if (left <= 0) return false;
      if (now - movedAt < standstill || told) continue;
      told = true;
      stands?.(left);
    }
    return this.pipeline.inputs.every((input) => input.failure === undefined);
  }

  /** Resolves when every input has come to its end by itself, as standard input does, and everything read has settled. */
  async ended(): Promise<void> {
    while (!(await this.progress.until(() => this.pipeline.ended, longest)));
  }

  /** Drains within `shutdown_timeout` (unless nothing can arrive any more), stops everything, writes the positions, and says what is left. */
  stop({ drain = true } = {}): Promise<LeftOver[]> {
    this.#stopping ??= this.#stop(drain);
    return this.#stopping;
  }

  /** What was wrong with the positions on disk, and what was done about it. */
  get repaired(): LogcatchError | undefined {
    return this.#store.repaired;
  }

  /** Why positions do not come to disk; undefined while they do. */
  get unwritten(): Status | undefined {
    return this.#checkpointer.trouble;
  }

  /** The components in effect and what joins them. */
  get graph(): PipelineGraph {
    const of = [this.pipeline.desired, this.configuration.loaded] as const;
    // It is asked for each second, and walks the whole document.
    if (!this.#graph?.of.every((one, index) => one === of[index])) this.#graph = { of, graph: graphOf(...of) };
    return this.#graph!.graph;
  }

  /** Where every byte went, by input. */
  accounts(): ReadonlyMap<string, Account> {
    return this.#store.accounts();
  }

  #warn({ warnings }: Desired): void {
    for (const warning of warnings) {
      // Not by its place: that is another one after an edit elsewhere.
      const what = `${warning.at}: ${warning.message}`;
      if (!this.#warned.has(what)) this.log.warn(warning.describe());
      this.#warned.add(what);
    }
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

  async #stop(drain: boolean): Promise<LeftOver[]> {
    const patience = drain ? `what is on its way has ${this.pipeline.desired.shutdownTimeout} ms` : 'at once';
    this.#engine.log.info(`stopping: ${patience}`);
    await this.#watch.stop();
    this.#reporter.stop();
    this.pipeline.hurry();
    await this.#reloads.stop(this.pipeline.desired.shutdownTimeout);
    const [leftOver] = await Promise.all([
      this.pipeline.stop(this.pipeline.desired.shutdownTimeout, drain),
      this.configuration.stop(),
    ]);
    await this.#checkpointer.flush();
    this.#checkpointer.close();
    await this.http.close();
    // Before the lock of data_dir goes: the next agent makes its own.
    await (await this.#control)?.close();
    this.#store.close();
    await this.#engine.hooks.shutdown.promise();
    return leftOver;
  }
}
