/** So much of something in a second; what was not used is kept, up to as much, and what was used beyond it is owed. */
export class Allowance {
  #perSecond: number;
  #share = 1;
  #left: number;
  #at: number;

  /** @param now milliseconds */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#at = now;
  }

  /** What a second gives from now on. */
  set perSecond(amount: number) {
    this.#perSecond = amount;
  }

  /** The part of it that comes from now on, where others have the rest. */
  set share(share: number) {
    this.#share = share;
  }

  /** What is left. */
  left(now: number): number {
    const come = ((now - this.#at) / 1_000) * this.#perSecond * this.#share;
    this.#left = Math.min(this.#perSecond, this.#left + come);
    this.#at = now;
    return this.#left;
  }

  use(amount: number): void {
    this.#left -= amount;
  }
}
