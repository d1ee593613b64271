/** So much of something in a second; what was not used is kept for a second, what was used beyond it is owed. */
export class Allowance {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** @param now milliseconds */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#at = now;
  }

  /** What is left. */
  left(now: number): number {
    this.#left = Math.min(this.#perSecond, this.#left + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
    return this.#left;
  }

  use(amount: number): void {
    this.#left -= amount;
  }
}
