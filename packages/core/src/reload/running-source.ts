import type { ConfigSource, ConfigSourceContext, ErrorCode, LoadedConfig, Secret } from '@logcatch/plugin-api';
import { abortable, LogcatchError, messageOf } from '@logcatch/plugin-api';
import { ConfigErrors, type ConfigValue, type DesiredSource, parseLoaded } from '../config/index.ts';
import type { Log } from '../log.ts';
import { checkInstance } from '../pipeline/shape.ts';
import { type Backoff, delay, Supervisor, sentence } from '../pipeline/supervisor.ts';
import { readSecret } from '../secret.ts';

/** Short: a source that comes back is to be noticed within seconds. */
const backoff: Backoff = { first: 250, last: 3_000 };
/** Milliseconds until a source that answered, but with nothing good, is asked without a hint. */
const answeredPause = 30_000;
/** Milliseconds for one load. */
const loadPatience = 60_000;
/** Milliseconds from a hint to the load: hints come in bursts. */
const settle = 20;

/** A value of a source, good or not. */
export interface SourceValue {
  readonly value: ConfigValue;
  readonly loaded: LoadedConfig;
  readonly revision: string | undefined;
  /** When it was loaded, milliseconds since the epoch. */
  readonly at: number;
}

interface Trouble {
  readonly reason: string;
  readonly hint: string;
  readonly code?: ErrorCode;
}

/** What a source needs from where it runs. */
export interface SourceHome {
  readonly log: Log;
  readonly host: string;
  readonly dataDir: string;
  resolve(path: string): string;
  /** The state of a source is another. */
  moved(): void;
}

/** One configuration source: started, loaded at every hint, and tried again when that fails. */
export class RunningSource {
  readonly desired: DesiredSource;
  readonly supervisor: Supervisor;
  readonly #owner: SourceHome;
  readonly #log: Log;
  readonly #loaded: (value: SourceValue) => boolean;
  readonly #gone: () => void;
  readonly #stopping = new AbortController();
  readonly #asked = Promise.withResolvers<void>();
  #instance: ConfigSource | undefined;
  #running: Promise<void> = Promise.resolve();
  #dirty = false;
  #wake: (() => void) | undefined;
  /** What the source says of its own health. */
  #said: Trouble | undefined;
  /** Why the last load did not work. */
  #failure: Trouble | undefined;
  /** Why what was loaded is refused. */
  #refusal: Trouble | undefined;
  /** What goes on while it cannot be asked, from before this process. */
  #kept = '';
  #started = false;
  #report: string | undefined;

  /** @param gone called when what was loaded before is there no more */
  constructor(desired: DesiredSource, owner: SourceHome, loaded: (value: SourceValue) => boolean, gone: () => void) {
    this.#gone = gone;
    this.desired = desired;
    this.#owner = owner;
    this.#loaded = loaded;
    this.#log = owner.log.for(desired.name);
    this.supervisor = new Supervisor(desired.name, this.#log, () => owner.moved());
  }

  /** What it reads, for people. */
  get summary(): string {
    const { definition, options, type } = this.desired;
    return definition.summarize?.(options) ?? type;
  }

  get code(): ErrorCode | undefined {
    return this.#trouble?.code;
  }

  /** Settles when it has been loaded once, or could not be. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  start(): void {
    this.#running = this.#run();
  }

  changed(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  accepted(): void {
    this.#refusal = undefined;
    // While it cannot be asked, what is accepted is its last good value: that is told with the failure.
    if (!this.#failure) this.#show();
  }

  /** An earlier process has loaded what is in effect. */
  goesOnWith({ revision, at }: Pick<SourceValue, 'revision' | 'at'>): void {
    const version = revision === undefined ? '' : `, revision ${revision}`;
    this.#kept = `Its last good value goes on: of ${new Date(at).toISOString()}${version}.`;
    this.#log.warn(this.#kept);
    if (this.#failure) this.#show();
  }

  get reporting(): boolean {
    return this.#instance?.report !== undefined;
  }

  report(status: string): void {
    this.#report = status;
    if (!this.#started) return;
    try {
      this.#instance?.report?.(status);
    } catch (error) {
      this.#log.warn(`cannot report: ${messageOf(error)}`);
    }
  }

  async reports(signal: AbortSignal): Promise<Record<string, string> | LogcatchError | undefined> {
    return this.#instance?.reports?.(signal).catch((error: unknown) => this.supervisor.explain(error));
  }

  refused(revision: string | undefined, errors: readonly LogcatchError[]): void {
    const what = revision === undefined ? 'its newest value' : `revision ${revision}`;
    const first = errors[0]!;
    this.#refusal = {
      code: first.code,
      reason: `${what} is refused: ${first.describe()}`,
      hint: 'Until it is mended the last good one goes on.',
    };
    this.#show();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the configuration source stops'));
    this.#wake?.();
    await this.#instance?.stop().catch((error) => this.#log.warn(messageOf(error)));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { definition, options } = this.desired;
    let attempt = 0;
    this.supervisor.move('starting');
    while (!signal.aborted) {
      try {
        this.#instance ??= checkInstance(definition.create(options, this.#context()), 'A configuration source', [
          'start',
          'load',
          'stop',
        ]);
        if (!this.#started) {
          await this.#instance.start(signal);
          this.#started = true;
          if (this.#report !== undefined) this.report(this.#report);
        }
        this.#dirty = false;
        const loaded = await this.#load(this.#instance);
        if (signal.aborted) break;
        const value = parseLoaded(loaded, this.desired);
        attempt = 0;
        this.#failure = undefined;
        this.#kept = '';
        // News keep the state until they are accepted or refused.
        if (this.#loaded({ value, loaded, revision: loaded.revision, at: Date.now() })) {
          if (this.#refusal) this.#show();
        } else this.accepted();
        this.#asked.resolve();
        await this.#next();
      } catch (error) {
        if (signal.aborted) break;
        const answered = this.#failed(error);
        this.#asked.resolve();
        // What is there is bad, or nothing is: only a change can help, and a look now and then, should its hint be lost.
        await this.#next(answered ? answeredPause : delay(backoff, attempt++));
      }
    }
    this.#asked.resolve();
  }

  /** Nothing is heard of a source that hangs: neither its hints nor its failures. */
  async #load(instance: ConfigSource): Promise<LoadedConfig> {
    const patience = AbortSignal.timeout(loadPatience);
    try {
      const signal = AbortSignal.any([this.#stopping.signal, patience]);
      return await abortable(instance.load(signal), signal);
    } catch (error) {
      if (!patience.aborted) throw error;
      throw new LogcatchError('LC_SOURCE_UNREACHABLE', `it has not answered for ${loadPatience / 1_000} s`);
    }
  }

  #say(reason: string | null, hint = ''): void {
    this.#said = reason === null ? undefined : { reason, hint };
    if (reason !== null) this.#log.warn(sentence(reason, hint));
    if (this.#started) this.#show();
  }

  /** What it holds comes before what it says of itself. */
  get #trouble(): Trouble | undefined {
    return this.#failure ?? this.#refusal ?? this.#said;
  }

  #show(): void {
    const trouble = this.#trouble;
    if (trouble) {
      const reason = trouble === this.#failure ? `${trouble.reason} ${this.#kept}`.trim() : trouble.reason;
      this.supervisor.move('degraded', reason, trouble.hint);
      return;
    }
    this.supervisor.move('running');
    this.supervisor.works();
  }

  /** Whether it said that there is nothing good; else it could not be asked. */
  #failed(error: unknown): boolean {
    const known = error instanceof ConfigErrors ? error.errors[0]! : this.supervisor.explain(error);
    const { code } = known;
    const answered = error instanceof ConfigErrors || code === 'LC_SOURCE_ABSENT' || code === 'LC_SOURCE_BAD';
    if (answered) {
      // What was loaded before is there no more.
      this.#refusal = undefined;
      this.#gone();
    }
    const reason = known.describe();
    if (this.#failure?.reason !== reason) this.#log.warn(reason);
    // The reason says what to do.
    this.#failure = { code, reason, hint: '' };
    this.#show();
    return answered;
  }

  /** Waits for a hint, or for so many milliseconds. */
  async #next(milliseconds?: number): Promise<void> {
    if (!this.#dirty && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (this.#dirty && !this.#stopping.signal.aborted) await new Promise((resolve) => setTimeout(resolve, settle));
  }

  #context(): ConfigSourceContext {
    const { host, dataDir, resolve } = this.#owner;
    return {
      id: this.desired.name,
      log: this.#log,
      host,
      dataDir,
      resolve,
      secret: (value: Secret) => readSecret(value, resolve),
      degraded: (reason, hint) => this.#say(reason, hint),
      changed: () => this.changed(),
    };
  }
}
