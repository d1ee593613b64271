import type { Clock } from './clock.ts';

/** Files looked at before other work gets its turn: about half a millisecond. */
const looks = 256;

/** Work on very many files that is cut into slices, so that it does not hold up the event loop. */
export class Slices {
  readonly #clock: Pick<Clock, 'turn'>;
  readonly #size: number;
  #done = 0;

  constructor(clock: Pick<Clock, 'turn'>, size = looks) {
    this.#clock = clock;
    this.#size = size;
  }

  /** After each file. */
  async next(): Promise<void> {
    if (++this.#done % this.#size === 0) await this.#clock.turn();
  }
}
