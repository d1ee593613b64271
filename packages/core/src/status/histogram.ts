/** Upper bounds of the classes, in seconds; a last class has none. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;

/** How often something took how long. */
export interface Durations {
  /** Upper bounds of the classes, in seconds. */
  readonly bounds: readonly number[];
  /** How many were in each class, and how many were beyond the last bound. */
  readonly counts: readonly number[];
  /** Seconds in all. */
  readonly sum: number;
}

/** Counts durations by fixed classes. */
export class Histogram implements Durations {
  readonly bounds = bounds;
  readonly counts: number[] = new Array(bounds.length + 1).fill(0);
  sum = 0;

  observe(seconds: number): void {
    const known = Math.max(0, seconds);
    const index = bounds.findIndex((bound) => known <= bound);
    this.counts[index < 0 ? bounds.length : index]!++;
    this.sum += known;
  }

  include({ counts, sum }: Durations): void {
    for (const [index, amount] of counts.entries()) this.counts[index]! += amount;
    this.sum += sum;
  }
}
