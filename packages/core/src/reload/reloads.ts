import type { ReloadOutcome } from '@logcatch/plugin-api';
import { atMost } from '../at-most.ts';
import { ConfigErrors, type Desired, diff, isEmpty, needsRestart, renamedInputs } from '../config/index.ts';
import type { Engine } from '../engine.ts';
import { errorsOf } from '../errors-of.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { type Backoff, delay } from '../pipeline/supervisor.ts';
import { compatible } from './compatible.ts';
import { type Configuration, theFile } from './configuration.ts';
import { ConfigurationChanges } from './configuration-change.ts';
import { planLine } from './plan-line.ts';

/** Between tries of a change that was valid, and failed for something that may pass. */
const retryBackoff: Backoff = { first: 2_000, last: 120_000 };

export interface ReloadsParts {
  readonly engine: Engine;
  readonly configuration: Configuration;
  readonly pipeline: Pipeline;
  /** This is in effect from now on. */
  applied(desired: Desired): void;
  /** How a change ended was told. */
  told(): void;
}

type Failed = Extract<ReloadOutcome, { errors: unknown }>;

/**
 * Moves the pipeline to what its configuration says, one change at a time. What is refused holds up nothing else; what may pass is
 * tried again by itself.
 */
export class Reloads {
  readonly changes = new ConfigurationChanges();
  readonly #parts: ReloadsParts;
  #current: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  #fileDirty = false;
  #stopping = false;
  /** Why what is refused now is refused, by name. */
  readonly #reasons = new Map<string, string>();
  /** Versions that were valid and failed when they were applied: left alone until it is time to try again. */
  readonly #failed = new Map<string, unknown>();
  #retry: NodeJS.Timeout | undefined;
  #attempt = 0;

  constructor(parts: ReloadsParts) {
    this.#parts = parts;
  }

  /** Reads the pipeline file again and applies what it says now. */
  file(): Promise<ReloadOutcome> {
    this.#fileDirty = true;
    return this.evaluate();
  }

  /** Somebody asks: what was valid and failed is tried again at once, and what stays refused is said again. */
  impatient(): void {
    this.#failed.clear();
    for (const name of this.#reasons.keys()) this.#reasons.set(name, '');
  }

  /** Applies whatever is new. Calls that come while a change is being applied share the next one. */
  evaluate(): Promise<ReloadOutcome> {
    if (this.#next) return this.#next;
    const next = (this.#current ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#current = this.#reload();
        return this.#current;
      });
    this.#next = next;
    return next;
  }

  /** Waits for a change that is being applied, for at most so many milliseconds: a plugin's hook may hang. */
  async stop(milliseconds: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    await atMost(
      milliseconds,
      Promise.resolve(this.#current).catch(() => {}),
    );
  }

  async #reload(): Promise<ReloadOutcome> {
    if (this.#stopping) return { result: 'unchanged' };
    const { configuration } = this.#parts;
    if (this.#fileDirty) {
      this.#fileDirty = false;
      // Of another version the same is said once more.
      if ((await configuration.readFile()) && this.#reasons.has(theFile)) this.#reasons.set(theFile, '');
    }
    this.#mended(configuration.dropKnown());
    const changed = configuration.changed.filter((name) => this.#failed.get(name) !== configuration.newest(name));
    const together = compatible(changed, (names) => this.#faults(new Set(names)));
    let failed: Failed | undefined;
    let last: ReloadOutcome = { result: 'unchanged' };
    if (together.length > 1) {
      const outcome = await this.#apply(new Set(together));
      if (isFailed(outcome)) failed = outcome;
      else {
        this.#took(together, outcome);
        last = outcome;
      }
    }
    for (const name of failed ? changed : changed.filter((one) => together.length < 2 || !together.includes(one))) {
      if (this.#stopping) return last;
      // What cannot be alone has failed as the group did.
      const ofGroup = failed && together.includes(name) && this.#faults(new Set([name])) > 0;
      const outcome = ofGroup ? failed! : await this.#apply(new Set([name]));
      if (isFailed(outcome)) this.#refused(name, outcome);
      else this.#took([name], outcome);
      if (last.result !== 'applied' || outcome.result === 'applied') last = outcome;
    }
    return last;
  }

  /** How much is wrong with these versions, before anything is tried. */
  #faults(names: ReadonlySet<string>): number {
    try {
      this.#resolve(names);
      return 0;
    } catch (error) {
      return errorsOf(error).length;
    }
  }

  /** @throws ConfigErrors */
  #resolve(names: ReadonlySet<string>) {
    const { configuration, pipeline } = this.#parts;
    const versions = configuration.versions(names);
    const next = configuration.resolve(versions);
    const errors = needsRestart(pipeline.desired, next);
    if (errors.length > 0) throw new ConfigErrors(errors);
    return { versions, next };
  }

  async #apply(names: ReadonlySet<string>): Promise<ReloadOutcome> {
    const { engine, configuration, pipeline, applied } = this.#parts;
    let tried = false;
    try {
      const { versions, next } = this.#resolve(names);
      const plan = diff(pipeline.desired, next);
      const renamed = renamedInputs(pipeline.desired, next);
      const changes = !isEmpty(plan);
      if (changes) await engine.hooks.beforeReload.promise(plan);
      if (this.#stopping) return { result: 'unchanged' };
      tried = true;
      const faults = await configuration.applying(() => pipeline.apply(next, plan));
      if (faults.length > 0) {
        this.#tryAgain(names);
        return { result: 'rolled back', errors: faults };
      }
      for (const { id, before } of renamed) {
        engine.log.for(id).warn(`does not go on where ${before} stands: positions belong to an input's id`);
      }
      applied(next);
      await configuration.accept(versions, next);
      return changes ? { result: 'applied', plan } : { result: 'unchanged' };
    } catch (error) {
      const errors = errorsOf(error);
      if (tried && errors.every(({ retriable }) => retriable)) this.#tryAgain(names);
      return { result: 'refused', errors };
    }
  }

  #tryAgain(names: ReadonlySet<string>): void {
    for (const name of names) this.#failed.set(name, this.#parts.configuration.newest(name));
    clearTimeout(this.#retry);
    this.#retry = setTimeout(
      () => {
        this.#failed.clear();
        void this.evaluate();
      },
      delay(retryBackoff, this.#attempt++),
    );
  }

  /** It stays refused, and is tried again with whatever else comes: that is said once. */
  #refused(name: string, outcome: Failed): void {
    const reason = outcome.errors.map((error) => error.describe()).join();
    this.#parts.configuration.refused(name, outcome.errors);
    if (this.#reasons.get(name) === reason) return;
    this.#reasons.set(name, reason);
    this.#tell(outcome, name);
  }

  #took(names: readonly string[], outcome: ReloadOutcome): void {
    if (outcome.result === 'unchanged') this.#mended(names);
    else for (const name of names) this.#reasons.delete(name);
    if (this.#failed.size === 0) this.#attempt = 0;
    this.#tell(outcome, names.join(', '));
  }

  /** These are as they were before they were refused. */
  #mended(names: readonly string[]): void {
    const mended = names.filter((name) => this.#reasons.delete(name));
    if (mended.length === 0) return;
    this.changes.mended();
    this.#parts.engine.log.info(`${mended.join(', ')}: valid again, and as it was; nothing changes`);
  }

  #tell(outcome: ReloadOutcome, what: string): void {
    const { engine, told } = this.#parts;
    if (outcome.result === 'unchanged') return;
    // Numbered, so that no line looks like a repetition of an earlier one.
    const change = `configuration change ${this.changes.add(outcome, what)}`;
    told();
    if (outcome.result === 'applied') engine.log.info(`${change} applied (${what}): ${planLine(outcome.plan)}`);
    else {
      engine.log.error(`${change} ${outcome.result} (${what}); what ran before goes on`);
      for (const error of outcome.errors) engine.log.error(`${change}: ${error.describe()}`);
    }
    engine.hooks.reloaded.call(outcome);
  }
}

function isFailed(outcome: ReloadOutcome): outcome is Failed {
  return outcome.result === 'refused' || outcome.result === 'rolled back';
}
