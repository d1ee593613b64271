/** Open or closed; whoever arrives while it is closed waits. */
export class Gate {
  #opened: PromiseWithResolvers<void> | undefined;

  get closed(): boolean {
    return this.#opened !== undefined;
  }

  close(): void {
    this.#opened ??= Promise.withResolvers();
  }

  open(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  /** Ask {@link closed} first where waiting for nothing would cost too much. */
  passed(): Promise<void> {
    return this.#opened?.promise ?? Promise.resolve();
  }
}
