import { unwatchFile, watchFile } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LogcatchError, messageOf, type ReloadOutcome } from '@logcatch/plugin-api';
import { ownerOf } from './checkpoint-owner.ts';
import { Checkpointer } from './checkpointer.ts';
import { Checkpoints } from './checkpoints.ts';
import { ConfigErrors, type Desired, diff, isEmpty, needsRestart } from './config/index.ts';
import { attempts, Configuration, theFile } from './configuration.ts';
import { ConfigurationChanges } from './configuration-change.ts';
import { ControlServer, commandsOf } from './control.ts';
import { DeadLetters } from './dead-letters.ts';
import type { Engine } from './engine.ts';
import { type FilePlan, filePlan, refusedPlan } from './file-plan.ts';
import { pipelineHooks } from './hooks.ts';
import type { Account } from './ledger.ts';
import type { PipelineEnvironment } from './node.ts';
import { type LeftOver, Pipeline } from './pipeline.ts';
import { BufferPool } from './pool.ts';
import { Progress } from './progress.ts';
import { Reporter } from './reporter.ts';
import { Store } from './store.ts';

/** Milliseconds between looks at the pipeline file. Polling sees every kind of change: editors, symlinks, network mounts. */
const watchInterval = 250;

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
  readonly checkpoints: Checkpoints;
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
  readonly #onFileChange = () => void this.reloadFile();
  #reloading: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  #stopping: Promise<LeftOver[]> | undefined;
  #control: Promise<ControlServer | undefined> = Promise.resolve(undefined);
  readonly #reporter = new Reporter(this);
  #fileDirty = false;
  /** Why what is refused now is refused, by name. */
  readonly #told = new Map<string, string>();

  /** Loads the file, takes the data_dir, asks the configuration sources and builds every component. @throws ConfigErrors, LogcatchError */
  static async create(engine: Engine, { file, once, version = 'unknown' }: AgentOptions): Promise<Agent> {
    const loaded = await engine.read(file);
    const store = new Store(loaded.settings.dataDir);
    // At once: the next start finds nothing wrong any more.
    if (store.repaired) engine.log.error(store.repaired.describe());
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
    this.checkpoints = new Checkpoints(ownerOf(this.pipeline, store, this.#checkpointer), true);
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
    watchFile(this.pipeline.desired.file, { interval: watchInterval }, this.#onFileChange);
    // It may have been edited since it was read: asking the sources can take a while.
    void this.reloadFile();
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
      return filePlan(desired, this.configuration.preview(await this.#engine.read(desired.file)));
    } catch (error) {
      return refusedPlan(errorsOf(error));
    }
  }

  /** Reads the file and asks all configuration sources again: SIGHUP. */
  refresh(): Promise<ReloadOutcome> {
    this.configuration.refresh();
    return this.reloadFile();
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

  /** Where every byte went, by input. */
  accounts(): ReadonlyMap<string, Account> {
    return this.#store.accounts();
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
    unwatchFile(this.pipeline.desired.file, this.#onFileChange);
    this.#reporter.stop();
    this.pipeline.hurry();
    await this.#reloading?.catch(() => {});
    await this.configuration.stop();
    const leftOver = await this.pipeline.stop(this.pipeline.desired.shutdownTimeout);
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
      if (await configuration.readFile()) this.#told.delete(theFile);
    }
    configuration.dropKnown();
    const tried = attempts(configuration.changed);
    let last: ReloadOutcome = { result: 'unchanged' };
    for (const names of tried) {
      const outcome = await this.#apply(names);
      const refused = outcome.result === 'refused' || outcome.result === 'rolled back';
      // Together they may be refused for the fault of one: then each is tried alone, and that is what counts.
      if (refused && names.size > 1) continue;
      const [name] = names as ReadonlySet<string> & Iterable<string>;
      if (refused) {
        // It stays refused, and is tried again with whatever else comes: that is said once.
        const reason = outcome.errors.map((error) => error.describe()).join();
        configuration.refused(name!, outcome.errors);
        if (this.#told.get(name!) === reason) continue;
        this.#told.set(name!, reason);
      } else {
        const mended = [...names].filter((one) => this.#told.delete(one));
        if (mended.length > 0 && outcome.result === 'unchanged') {
          this.#engine.log.info(`${mended.join(', ')}: valid again, and as it was; nothing changes`);
        }
      }
      this.#tell(outcome, [...names].join(', '));
      if (last.result !== 'applied' || outcome.result === 'applied') last = outcome;
      if (!refused && names.size === tried[0]!.size) break;
    }
    return last;
  }

  #tell(outcome: ReloadOutcome, what: string): void {
    const { log, hooks } = this.#engine;
    if (outcome.result === 'unchanged') return;
    // Numbered, so that no line looks like a repetition of an earlier one.
    const change = `configuration change ${this.changes.add(outcome, what)}`;
    this.#reporter.soon();
    if (outcome.result === 'applied') {
      const { plan } = outcome;
      const parts = (['add', 'change', 'retag', 'remove'] as const).filter((part) => plan[part].length > 0);
      log.info(`${change} applied (${what}): ${parts.map((part) => `${part} ${named(plan[part])}`).join('; ')}`);
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
      await configuration.applying(() => this.pipeline.apply(next, plan));
      this.#pool.budget = next.maxBytes;
      await configuration.accept(versions, next);
      return changes ? { result: 'applied', plan } : { result: 'unchanged' };
    } catch (error) {
      return { result: 'refused', errors: errorsOf(error) };
    }
  }
}

/** Ids for a log line: a change of thousands is not listed whole. */
function named(ids: readonly string[]): string {
  const most = 10;
  return ids.length <= most ? ids.join(', ') : `${ids.slice(0, most).join(', ')} and ${ids.length - most} more`;
}

function errorsOf(error: unknown): readonly LogcatchError[] {
  if (error instanceof ConfigErrors) return error.errors;
  if (error instanceof LogcatchError) return [error];
  return [new LogcatchError('LC_PLUGIN_THREW', messageOf(error), { cause: error })];
}
