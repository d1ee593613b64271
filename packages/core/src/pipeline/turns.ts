/** Who waits for a turn, in the order of the calls. */
export class Turns {
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it is this one's turn. @throws the signal's reason when it aborts first */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const next = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(next);
    });
  }

  /** Gives the first one its turn. Whether there was one. */
  next(): boolean {
    const next = this.#waiting.shift();
    next?.();
    return next !== undefined;
  }
}
