import type { Batch, Condition, Logger, Template, Transform } from '@logcatch/plugin-api';
import { Buckets } from './buckets.ts';

export interface RateLimitOptions {
  readonly limit: number;
  readonly window: number;
  readonly key?: Template | undefined;
  readonly exclude?: Condition | undefined;
}

/** Keys that are remembered at once. */
const mostKeys = 10_000;
/** ms between two lines about what was dropped. */
const reportEvery = 60_000;

/** Lets so many records of a key through in a window, and says how many it dropped. */
export class RateLimit implements Transform {
  readonly #options: RateLimitOptions;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #buckets: Buckets;
  #dropped = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** @param now a clock in ms that never goes back */
  constructor(options: RateLimitOptions, log: Logger, now: () => number) {
    this.#options = options;
    this.#log = log;
    this.#now = now;
    this.#buckets = new Buckets(options.limit, options.window, mostKeys);
  }

  apply(batch: Batch): Batch {
    const { key, exclude } = this.#options;
    const now = this.#now();
    const excluded = exclude?.test(batch);
    const same = key === undefined ? '' : key.constant(batch) && batch.count > 0 ? key.valueOf(batch) : undefined;
    const kept = batch.filterRanges((_buffer, _start, _end, index) => {
      if (excluded?.(index)) return true;
      const own = same ?? key!.value(batch, index);
      // What has no key shares a bucket.
      return this.#buckets.take(typeof own === 'string' ? own : '', now);
    });
    this.#dropped += batch.count - kept.count;
    if (this.#dropped > 0 && now - this.#reportedAt >= reportEvery) this.#report(now);
    return kept;
  }

  async stop(): Promise<void> {
    if (this.#dropped > 0) this.#report(this.#now());
  }

  #report(now: number): void {
    const { limit, window } = this.#options;
    this.#log.warn('records were dropped: more came than the limit allows', {
      dropped: this.#dropped,
      limit: `${limit} in ${window} ms`,
    });
    this.#dropped = 0;
    this.#reportedAt = now;
  }
}
