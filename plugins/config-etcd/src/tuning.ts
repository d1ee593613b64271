/** Times in milliseconds. Constants for users; tests shorten them. Each is varied, so that agents that began together part. */
export interface Tuning {
  /** An endpoint that has not answered for this long no longer keeps the next from being asked. */
  readonly stagger: number;
  /** Between two looks at etcd, ±20 %: half-open connections, and changes that no event told of. */
  readonly look: number;
  /** Between two hints to load again although nothing happened, ±20 %. */
  readonly refresh: number;
  /** From the loss of a connection to the next attempt, at most: 1,000 agents lose theirs at the same moment. */
  readonly spread: number;
  /** The longest pause between attempts. */
  readonly pause: number;
  /** The pause after etcd has refused the user, ±20 %: each login costs the server a tenth of a second of CPU. */
  readonly refused: number;
}

/**
 * What a fault costs at most before a new value is read: a look is due (4.5 s), does not come back (request_timeout, 1 s),
 * the attempt is spread (1 s), and hanging endpoints are passed over (0.25 s each).
 */
export const tuning: Tuning = {
  stagger: 250,
  look: 3_750,
  refresh: 60_000,
  spread: 1_000,
  pause: 2_000,
  refused: 5_000,
};

/** `time` ±20 %. */
export function jitter(time: number): number {
  return time * (0.8 + 0.4 * Math.random());
}
