/** Upper bounds of the classes of {@link LaneFigures.latency}, in ms; a last class has none. */
export const latencyBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;

/** What a lane has done since it was opened, as plain data. */
export interface LaneFigures {
  /** Record batches that were acknowledged, their records, and their bytes before compression. */
  batches: number;
  records: number;
  bytes: number;
  /** Record batches that were sent again. */
  retries: number;
  /** New producer ids, because the broker had lost what it knew of the one before. */
  resets: number;
  /** Acknowledged record batches by the time from the first attempt to the answer: one count per class of {@link latencyBounds}. */
  readonly latency: number[];
  /** Failed attempts by reason: the name of Kafka's error code, or our own. */
  readonly errors: Record<string, number>;
}

export function newFigures(): LaneFigures {
  return {
    batches: 0,
    records: 0,
    bytes: 0,
    retries: 0,
    resets: 0,
    latency: new Array(latencyBounds.length + 1).fill(0),
    errors: {},
  };
}

/** @param ms from the first attempt to the answer */
export function countAcknowledged(figures: LaneFigures, batch: { count: number; bytes: number }, ms: number): void {
  figures.batches++;
  figures.records += batch.count;
  figures.bytes += batch.bytes;
  const index = latencyBounds.findIndex((bound) => ms <= bound);
  figures.latency[index < 0 ? latencyBounds.length : index]!++;
}

export function countFailure(figures: LaneFigures, reason: string): void {
  figures.errors[reason] = (figures.errors[reason] ?? 0) + 1;
}
