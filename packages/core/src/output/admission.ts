import type { Batch } from '@logcatch/plugin-api';

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

/** The room of a queue: counts what is in it, and lets in who waits, in turn. */
export class Admission {
  readonly #most: () => number;
  readonly #waiters: Waiter[] = [];
  #records = 0;
  #bytes = 0;
  #ended = false;

  /** @param most records at once, which may change */
  constructor(most: () => number) {
    this.#most = most;
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether so many records more find room. A batch larger than the queue is let in alone. */
  admits(count: number): boolean {
    return this.#ended || this.#records === 0 || this.#records + count <= this.#most();
  }

  /** Resolves when {@link admits} does, in the order of the calls. @throws the signal's reason */
  admitted(count: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        count,
        resolve: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  enter({ count, buffer }: Batch): void {
    this.#records += count;
    this.#bytes += buffer.length;
  }

  leave({ count, buffer }: Batch): void {
    this.#records -= count;
    this.#bytes -= buffer.length;
    if (this.#waiters.length > 0) setImmediate(() => this.#wake());
  }

  /** Lets everybody in: they are to look again, at what has taken its place. */
  end(): void {
    this.#ended = true;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  /** Lets one in, and looks at the next when that one's batch has been counted. */
  #wake(): void {
    if (this.#waiters.length === 0 || !this.admits(this.#waiters[0]!.count)) return;
    this.#waiters.shift()!.resolve();
    setImmediate(() => this.#wake());
  }
}
