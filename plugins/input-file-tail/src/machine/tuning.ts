/** Times in milliseconds. Constants for users; tests shorten them. */
export interface Tuning {
  /** How often, at least, a file that grows, and a folder that is not watched, is looked at. */
  readonly poll: number;
  /** How often, at most, a file that grows is looked at. */
  readonly quickest: number;
  /** How often, at least, a file is looked at whose writes no hint tells. */
  readonly idlePoll: number;
  /** A file that has not grown for this long is looked at less and less often. */
  readonly idleAfter: number;
  /** The rescan that finds what no hint told. */
  readonly rescan: number;
  /** From a hint to the look at what it is about: hints come in bursts. */
  readonly settle: number;
  /** How long a folder with too many events is not watched but polled. */
  readonly unwatched: number;
}

export const tuning: Tuning = {
  poll: 50,
  quickest: 10,
  idlePoll: 2_000,
  idleAfter: 5_000,
  rescan: 10_000,
  settle: 5,
  unwatched: 60_000,
};
