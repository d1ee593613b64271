import { type LogcatchError, Stuck } from '@logcatch/plugin-api';

/** How long a path stays closed before it is tried again, in milliseconds. */
const again = 5_000;

/** Paths that cannot be written to for now. What is for them waits, and holds up nothing else. */
export class ClosedPaths {
  readonly #closed = new Map<string, { readonly stuck: Stuck; open(): void }>();

  /** What whoever writes there has to throw, where it is closed. */
  of(path: string): Stuck | undefined {
    return this.#closed.get(path)?.stuck;
  }

  close(path: string, reason: LogcatchError): Stuck {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#closed.get(path)?.open(), again);
    const open = () => {
      clearTimeout(timer);
      this.#closed.delete(path);
      over.resolve();
    };
    const stuck = new Stuck(reason, over.promise);
    this.#closed.set(path, { stuck, open });
    return stuck;
  }

  /** All of them can be tried again. */
  open(): void {
    for (const { open } of this.#closed.values()) open();
  }
}
