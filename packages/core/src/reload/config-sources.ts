import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type ErrorCode, type LoadedConfig, type LogcatchError, messageOf, type Status } from '@logcatch/plugin-api';
import { atMost } from '../at-most.ts';
import { type DesiredSource, isSameSource, parseLoaded, plainOf } from '../config/index.ts';
import { RunningSource, type SourceHome, type SourceValue } from './running-source.ts';

/** Milliseconds within which a source is expected to answer at start, and to stop. */
const askBound = 15_000;
const stopBound = 2_000;
export interface SourceStatus extends Status {
  readonly name: string;
  readonly type: string;
  /** What it reads, for people: `etcd key /app at http://127.0.0.1:2379`. */
  readonly summary: string;
  /** Of the value in effect. */
  readonly revision: string | undefined;
  /** When the value in effect was loaded; undefined while there is none. */
  readonly loadedAt: number | undefined;
  /** Of the error that it has now; undefined while it has none, and for what the source itself calls degraded. */
  readonly code: ErrorCode | undefined;
}

/** The last good values of remote sources, kept over restarts. */
export interface GoodValues {
  saveGood(name: string, good: { readonly loaded: LoadedConfig; readonly at: number }): void;
  loadGood(name: string): { readonly loaded: LoadedConfig; readonly at: number } | undefined;
  /** The value is still what the source holds, at this time in milliseconds since the epoch. */
  touchGood(name: string, at: number): void;
  forgetGood(name: string): void;
}

export interface SourcesOwner extends SourceHome {
  readonly store: GoodValues | undefined;
  /** Whether remote sources are asked at all. */
  readonly online: boolean;
  /** Whether a change is being applied. */
  applying(): boolean;
  /** A source has a value that is not in effect. */
  changed(): void;
}

/**
 * Runs the configuration sources of a pipeline. Each has the value in effect, and perhaps a newer one that has not been accepted
 * yet; whether it is, is decided by whoever resolves the whole. A value stays in effect until a better one is accepted,
 * whatever becomes of its source.
 */
export class ConfigSources {
  readonly #owner: SourcesOwner;
  readonly #running = new Map<string, RunningSource>();
  readonly #good = new Map<string, SourceValue>();
  readonly #candidates = new Map<string, SourceValue>();
  #report: string | undefined;

  constructor(owner: SourcesOwner) {
    this.#owner = owner;
  }

  /** Sources with a value that is not in effect. */
  get candidates(): string[] {
    return [...this.#candidates.keys()];
  }

  get status(): SourceStatus[] {
    return [...this.#running.values()].map(({ desired, summary, supervisor, code }) => {
      const good = this.#good.get(desired.name);
      return {
        name: desired.name,
        type: desired.type,
        summary,
        ...supervisor.status,
        revision: good?.revision,
        loadedAt: good?.at,
        code,
      };
    });
  }

  /** The values in effect, and of these sources the newest ones instead. */
  values(newest: ReadonlySet<string> = new Set()): Map<string, SourceValue> {
    const values = new Map(this.#good);
    for (const name of newest) {
      const candidate = this.#candidates.get(name);
      if (candidate) values.set(name, candidate);
    }
    return values;
  }

  /** Forgets what is new and yet the same as what is in effect, and returns its names. Call it when nothing is being applied. */
  dropKnown(): string[] {
    const dropped: string[] = [];
    for (const [name, candidate] of this.#candidates) {
      const good = this.#good.get(name);
      if (!good || !sameValue(good, candidate)) continue;
      this.#take(name, candidate);
      dropped.push(name);
    }
    return dropped;
  }

  /** The newest value of a source that is not in effect. */
  candidate(name: string): SourceValue | undefined {
    return this.#candidates.get(name);
  }

  /**
   * Starts, replaces and stops sources until they are those that are wanted.
   * @param declared names of the file, those included that wait: what it still names is not forgotten
   */
  async sync(desired: readonly DesiredSource[], declared: ReadonlySet<string>): Promise<void> {
    const wanted = this.#owner.online ? desired : desired.filter(({ definition }) => !definition.remote);
    const leaving = [...this.#running.values()].filter(({ desired }) => {
      const next = wanted.find(({ name }) => name === desired.name);
      return !next || !isSameSource(desired, next);
    });
    for (const source of leaving) {
      this.#running.delete(source.desired.name);
      this.#candidates.delete(source.desired.name);
      if (declared.has(source.desired.name)) continue;
      this.#good.delete(source.desired.name);
      this.#store(() => this.#owner.store?.forgetGood(keyOf(source.desired)));
    }
    await Promise.all(leaving.map((source) => atMost(stopBound, source.stop())));
    for (const one of wanted) {
      if (this.#running.has(one.name)) continue;
      const source = new RunningSource(
        one,
        this.#owner,
        (value) => this.#loaded(one.name, value),
        () => this.#candidates.delete(one.name),
      );
      if (this.#report !== undefined) source.report(this.#report);
      this.#running.set(one.name, source);
      source.start();
    }
  }

  /** Resolves when every source has been asked once. Those that did not answer well get their last good value from disk. */
  async askedOnce(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ asked }) => atMost(askBound, asked)));
    for (const source of this.#running.values()) {
      const { desired } = source;
      const { name } = desired;
      if (this.#good.has(name) || this.#candidates.has(name)) continue;
      const kept = desired.definition.remote ? this.#owner.store?.loadGood(keyOf(desired)) : undefined;
      if (!kept) continue;
      try {
        const loaded = restored(kept.loaded, name);
        const value = parseLoaded(loaded, desired);
        const candidate = { loaded, at: kept.at, value, revision: loaded.revision };
        this.#candidates.set(name, candidate);
        source.goesOnWith(candidate);
      } catch (error) {
        this.#owner.log.warn(`${name}: its last good value cannot be used: ${messageOf(error)}`);
      }
    }
  }

  /** These very values are in effect from now on; what has come since is still new. */
  accept(values: ReadonlyMap<string, SourceValue>): void {
    for (const [name, value] of values) if (this.#good.get(name) !== value) this.#take(name, value);
  }

  #take(name: string, value: SourceValue): void {
    if (this.#candidates.get(name) === value) this.#candidates.delete(name);
    this.#good.set(name, value);
    const source = this.#running.get(name);
    source?.accepted();
    if (source?.desired.definition.remote) this.#store(() => this.#owner.store?.saveGood(keyOf(source.desired), value));
  }

  /** A disk that refuses the last good values is no reason to refuse the values. */
  #store(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#owner.log.warn(`LC_STATE_WRITE the last good value is not stored: ${messageOf(error)}`);
    }
  }

  /** The newest value of a source was refused; it is tried again together with others. */
  refused(name: string, errors: readonly LogcatchError[]): void {
    const revision = this.#candidates.get(name)?.revision;
    this.#running.get(name)?.refused(revision, errors);
  }

  /** Asks all again, whatever they noticed. */
  refresh(): void {
    for (const source of this.#running.values()) source.changed();
  }

  /** Whether any of them may publish a status. */
  get reporting(): boolean {
    return [...this.#running.values()].some((source) => source.reporting);
  }

  /** Gives the agent's status to every source, now and when one is started. */
  report(status: string): void {
    this.#report = status;
    for (const source of this.#running.values()) source.report(status);
  }

  /** What all agents have published, by the source's name: of those that publish. Failures stand in place of the reports. */
  async reports(signal: AbortSignal): Promise<Map<string, Record<string, string> | LogcatchError>> {
    const asked = [...this.#running].map(async ([name, source]) => [name, await source.reports(signal)] as const);
    const found = await Promise.all(asked);
    return new Map(found.flatMap(([name, reports]) => (reports ? [[name, reports] as const] : [])));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map((source) => atMost(stopBound, source.stop())));
    this.#running.clear();
  }

  /** Returns whether it is news. */
  #loaded(name: string, value: SourceValue): boolean {
    const good = this.#good.get(name);
    // While another is being applied, even the value in effect is news: what is being applied is not it.
    if (good && !this.#owner.applying() && !this.#candidates.has(name) && sameValue(good, value)) {
      this.#good.set(name, value);
      const source = this.#running.get(name);
      if (source?.desired.definition.remote)
        this.#store(() => this.#owner.store?.touchGood(keyOf(source.desired), value.at));
      return false;
    }
    // What was refused and is still the same is no news, but for what it may go with.
    const candidate = this.#candidates.get(name);
    if (candidate && sameValue(candidate, value)) return true;
    this.#candidates.set(name, value);
    this.#owner.changed();
    return true;
  }
}

/** A value from disk. Where its texts came from was a function. */
function restored(loaded: LoadedConfig, name: string): LoadedConfig {
  return 'texts' in loaded ? { ...loaded, originOf: () => ({ file: `last good value of ${name}` }) } : loaded;
}

function sameValue(a: SourceValue, b: SourceValue): boolean {
  return isDeepStrictEqual(plainOf(a.value), plainOf(b.value));
}

/** A last good value belongs to a source as it is configured: of another key it would be wrong. */
function keyOf({ name, type, resolved }: DesiredSource): string {
  return `${name} ${createHash('sha256')
    .update(JSON.stringify([type, resolved]))
    .digest('hex')
    .slice(0, 16)}`;
}
