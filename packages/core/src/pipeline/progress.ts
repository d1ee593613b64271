/** Says that something moved, to whoever waits for a condition. */
export class Progress {
  #count = 0;
  readonly #listeners = new Set<() => void>();

  /** How often something moved: when it stays the same, nothing does. */
  get count(): number {
    return this.#count;
  }

  happened(): void {
    this.#count++;
    for (const listener of this.#listeners) listener();
  }

  /** Resolves with true as soon as the condition holds, with false after so many milliseconds without. */
  until(condition: () => boolean, milliseconds: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (result: boolean) => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve(result);
      };
      const check = () => {
        if (condition()) finish(true);
      };
      const timer = setTimeout(() => finish(condition()), milliseconds);
      this.#listeners.add(check);
    });
  }
}
