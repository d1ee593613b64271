/** Times in milliseconds. Constants for users; tests shorten them. */
export interface Tuning {
  /** How often a file that grows, and a folder that is not watched, is looked at. */
  readonly poll: number;
  /** How often a file is looked at that has not grown for a while. */
  readonly idlePoll: number;
  /** What "a while" is. */
  readonly idleAfter: number;
  /** The rescan that finds what no hint told. */
  readonly rescan: number;
  /** From a hint to the look at what it is about: hints come in bursts. */
  readonly settle: number;
  /** A file that has lost its path is read on until it has not grown for this long. */
  readonly renamedGrace: number;
  /** The same for one that is deleted. */
  readonly deletedGrace: number;
  /** How long a folder with too many events is not watched but polled. */
  readonly unwatched: number;
}

export const tuning: Tuning = {
  poll: 50,
  idlePoll: 1_000,
  idleAfter: 5_000,
  rescan: 10_000,
  settle: 5,
  renamedGrace: 60_000,
  deletedGrace: 5_000,
  unwatched: 60_000,
};
