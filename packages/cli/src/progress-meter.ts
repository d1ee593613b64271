/** Milliseconds that a rate is taken over, and that must have passed before there is one. */
const span = { most: 10_000, least: 1_000 };
/** Bytes and seconds from which on there is a backlog to speak of. */
const worthIt = { bytes: 1 << 20, seconds: 3 };

/** How far a run is with what is there. Bytes. */
export interface Backlog {
  readonly done: number;
  /** What is known to be there, done or not. */
  readonly known: number;
  /** A second. */
  readonly rate: number;
  /** Seconds; Infinity while nothing moves. */
  readonly left: number;
}

/** Makes rates of looks at a run. */
export class ProgressMeter {
  #looks: { readonly at: number; readonly done: number }[] = [];
  #behind = false;

  /**
   * @param now milliseconds since the epoch
   * @param done bytes since the start
   * @param pending bytes that are known to be there besides
   * @returns nothing where there is no backlog to speak of
   */
  look(now: number, done: number, pending: number): Backlog | undefined {
    const looks = this.#looks;
    looks.push({ at: now, done });
    while (looks.length > 2 && now - looks[0]!.at > span.most) looks.shift();
    const [first] = looks as [{ at: number; done: number }];
    const elapsed = now - first.at;
    if (elapsed < span.least) return undefined;
    const rate = Math.max(0, done - first.done) / (elapsed / 1_000);
    const left = pending / rate;
    // What was shown is shown to its end.
    this.#behind = pending >= worthIt.bytes && (this.#behind || left > worthIt.seconds);
    return this.#behind ? { done, known: done + pending, rate, left } : undefined;
  }
}
