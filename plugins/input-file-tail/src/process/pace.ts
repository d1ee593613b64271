import type { Clock } from '../machine/clock.ts';

/** Looks a second at files that grow, for all of them together: each is a read and a batch, which costs some 50 µs. */
const looksPerSecond = 1_000;

/**
 * How soon to look again at a file that has just grown: the fewer such files there are, the sooner, so that a line of one is shipped
 * within milliseconds and a thousand of them cost no more than looking at each every `most`.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #least: number;
  readonly #most: number;
  #pause: number;
  #since: number;
  #grown = 0;

  /** Milliseconds. */
  constructor(clock: Clock, least: number, most: number) {
    this.#clock = clock;
    this.#least = least;
    this.#most = most;
    this.#pause = least;
    this.#since = clock.now();
  }

  /** Milliseconds from one look at a file that grows to the next. */
  get pause(): number {
    return this.#pause;
  }

  /** A file has grown. @returns the milliseconds until it is to be looked at again */
  grown(): number {
    const now = this.#clock.now();
    const passed = now - this.#since;
    this.#grown++;
    if (passed >= this.#most) {
      const perSecond = (this.#grown / passed) * 1_000;
      this.#pause = Math.min(this.#most, Math.max(this.#least, (this.#pause * perSecond) / looksPerSecond));
      this.#since = now;
      this.#grown = 0;
    }
    return this.#pause;
  }
}
