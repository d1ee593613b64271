interface Bucket {
  tokens: number;
  /** When they were counted. */
  at: number;
}

/** A token bucket for each key: it holds `limit` tokens, and as many flow in during each window. */
export class Buckets {
  readonly #limit: number;
  readonly #window: number;
  readonly #most: number;
  /** Those touched last come last. */
  readonly #buckets = new Map<string, Bucket>();

  /**
   * @param limit tokens in a window
   * @param window its length in ms
   * @param most keys that are remembered: beyond it, the one that was seen last the longest ago begins anew
   */
  constructor(limit: number, window: number, most: number) {
    this.#limit = limit;
    this.#window = window;
    this.#most = most;
  }

  /** Takes one token, where there is one. @param now in ms, never less than before */
  take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: this.#limit, at: now };
    bucket.tokens = Math.min(this.#limit, bucket.tokens + ((now - bucket.at) * this.#limit) / this.#window);
    bucket.at = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#most) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
