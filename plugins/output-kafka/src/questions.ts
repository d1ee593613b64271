/** Asks one question at a time, for all names that are wanted by then. */
export class Questions {
  readonly #ask: (names: readonly string[]) => Promise<void>;
  readonly #wanted = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(ask: (names: readonly string[]) => Promise<void>) {
    this.#ask = ask;
  }

  /** @throws what asking throws */
  about(name: string): Promise<void> {
    this.#wanted.add(name);
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        const names = [...this.#wanted];
        this.#wanted.clear();
        this.#running = this.#ask(names);
        return this.#running;
      });
    return this.#next;
  }
}
