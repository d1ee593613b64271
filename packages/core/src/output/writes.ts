import { LogcatchError } from '@logcatch/plugin-api';

/** The calls of an output that are under way. */
export class Writes {
  readonly #pending = new Set<Promise<unknown>>();
  readonly #controllers = new Set<AbortController>();
  #active = 0;
  /** When one last ended, or the first of those under way began. */
  #movedAt = 0;

  /** How many have begun and not ended. */
  get active(): number {
    return this.#active;
  }

  /** Since when some are under way and none has ended, milliseconds since the epoch. */
  get busySince(): number | undefined {
    return this.#active > 0 ? this.#movedAt : undefined;
  }

  begin(): void {
    if (this.#active++ === 0) this.#movedAt = Date.now();
  }

  end(): void {
    this.#active--;
    this.#movedAt = Date.now();
  }

  /** Aborts with all the others; to be {@link forget forgotten} when it is over. */
  controller(): AbortController {
    const controller = new AbortController();
    this.#controllers.add(controller);
    return controller;
  }

  forget(controller: AbortController): void {
    this.#controllers.delete(controller);
  }

  abort(): void {
    const reason = new LogcatchError('LC_OUTPUT_FAILED', 'it stops, or has to recover, and what is on its way is void');
    for (const controller of this.#controllers) controller.abort(reason);
  }

  /** Must not fail. */
  keep(work: Promise<unknown>): void {
    const pending = work.finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Resolves when all that was kept is done. */
  settled(): Promise<unknown> {
    return Promise.all(this.#pending);
  }
}
