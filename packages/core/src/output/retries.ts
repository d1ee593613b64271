import { delay, writeBackoff } from '../pipeline/supervisor.ts';
import type { Entry } from './parking.ts';

/** Writes that failed: they are tried again together, after a pause that grows with the failures in a row. */
export class Retries {
  #failed: Entry[] = [];
  #failures = 0;
  #troubled = false;
  #timer: NodeJS.Timeout | undefined;

  /** The last write failed, or those before it since one worked. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** A write failed, and none has worked since. */
  get troubled(): boolean {
    return this.#troubled;
  }

  /** Something failed and is not to be tried again yet: nothing may overtake it. */
  get pending(): boolean {
    return this.#failed.length > 0 || this.#timer !== undefined;
  }

  get any(): boolean {
    return this.#failed.length > 0;
  }

  add(entry: Entry): void {
    this.#failed.push(entry);
  }

  /** What has failed so far: whoever takes it tries it again, or not. */
  take(): Entry[] {
    return this.#failed.splice(0);
  }

  later(again: () => void): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        again();
      },
      delay(writeBackoff, this.#failures++),
    );
  }

  failed(): void {
    this.#troubled = true;
  }

  worked(): void {
    this.#failures = 0;
    this.#troubled = false;
  }

  /** Nothing is tried again: what comes next is written as if nothing had failed. */
  forgive(): void {
    this.#failures = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
