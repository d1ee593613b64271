import type { Figures } from '@logcatch/plugin-api';

/** One place that an output writes to by itself, such as a partition of a topic, in the words of its figures: `lanes`. */
export interface LaneFigures {
  /** `topic/partition`. */
  readonly name: string;
  readonly queuedBytes: number;
  /** Batches that are not answered for. */
  readonly inFlight: number;
  /** Written since it was opened. */
  readonly records: number;
  readonly retries: number;
  readonly stuck: boolean;
  /** Why it does not get on; empty while it does. */
  readonly reason: string;
}

/** The lanes in the figures of an output; none where it has no such thing. A plugin wrote them: what is missing counts as nothing. */
export function lanesOf(details: Figures | undefined): LaneFigures[] {
  const { lanes } = details ?? {};
  if (!Array.isArray(lanes)) return [];
  return (lanes as readonly Figures[]).map((lane) => ({
    name: `${lane.topic}/${lane.partition}`,
    queuedBytes: numberIn(lane, 'queued_bytes'),
    inFlight: numberIn(lane, 'in_flight'),
    records: numberIn(lane, 'records'),
    retries: numberIn(lane, 'retries'),
    stuck: lane.stuck === true,
    reason: typeof lane.reason === 'string' ? lane.reason : '',
  }));
}

function numberIn(figures: Figures, name: string): number {
  const value = figures[name];
  return typeof value === 'number' ? value : 0;
}
