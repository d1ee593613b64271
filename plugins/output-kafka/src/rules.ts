/**
 * What makes a lane lose, repeat and reorder nothing, apart from the lane so that a test can break one of these and see the
 * damage. In words: docs of {@link Lane}.
 */
export interface Rules {
  /**
   * How many record batches may be on their way. One until the broker has acknowledged something of this producer, and after
   * any failure: a broker that knows nothing of a producer takes any sequence number, and so would take the second batch
   * when the first was lost.
   */
  window(confirmed: boolean, inFlight: number): number;
  /**
   * Whether a failed record batch must go again as it is. Once it may have been appended, only the identical records under
   * the identical sequence number are known to the broker.
   */
  identical(unknown: boolean): boolean;
}

export const rules: Rules = {
  window: (confirmed, inFlight) => (confirmed ? inFlight : 1),
  identical: (unknown) => unknown,
};
