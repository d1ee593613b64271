import type { LogcatchError } from '@logcatch/plugin-api';
import type { Supervisor } from '../pipeline/supervisor.ts';
import type { TrackedSource } from '../pipeline/tracked-source.ts';

/** Sources that an output was stuck for, until a write of theirs works or they have changed. */
export class StuckSources {
  readonly #supervisor: Supervisor;
  /** Each with why, and how to forget that it may change. */
  readonly #sources = new Map<TrackedSource, { readonly reason: LogcatchError; forget(): void }>();

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  get any(): boolean {
    return this.#sources.size > 0;
  }

  add(source: TrackedSource, reason: LogcatchError): void {
    if (!this.any) this.#supervisor.stuck(reason);
    if (this.#sources.has(source)) return;
    const forget = source.onFree(() => this.freed(source));
    this.#sources.set(source, { reason, forget });
  }

  /** Says so again, after something else was wrong. */
  tell(): void {
    const [first] = this.#sources.values();
    if (first && this.#supervisor.status.state !== 'stuck') this.#supervisor.failed('stuck', first.reason);
  }

  /** Why, if the output is stuck for this source. */
  reasonFor(source: TrackedSource): LogcatchError | undefined {
    return this.#sources.get(source)?.reason;
  }

  freed(source: TrackedSource): void {
    this.#sources.get(source)?.forget();
    if (this.#sources.delete(source) && !this.any) this.#supervisor.move('running');
  }

  clear(): void {
    for (const { forget } of this.#sources.values()) forget();
    this.#sources.clear();
  }
}
