import type { Clock } from '../machine/clock.ts';

/**
 * The rescans of all inputs of the process, one after the other: each looks at everything again, in slices, for what no hint told.
 */
export class Rescans {
  readonly #clock: Clock;
  readonly #every: number;
  readonly #inputs = new Set<() => Promise<void>>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, every: number) {
    this.#clock = clock;
    this.#every = every;
  }

  /** @param rescan never rejects. Returns what ends it. */
  add(rescan: () => Promise<void>): () => void {
    this.#inputs.add(rescan);
    this.#cancel ??= this.#clock.after(this.#every, () => this.#round());
    return () => {
      this.#inputs.delete(rescan);
      if (this.#inputs.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  async #round(): Promise<void> {
    for (const rescan of this.#inputs) await rescan();
    this.#cancel = this.#inputs.size > 0 ? this.#clock.after(this.#every, () => this.#round()) : undefined;
  }
}
