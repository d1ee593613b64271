import type { Figures } from '@logcatch/plugin-api';
import type { Lane } from './lane.ts';
import { latencyBounds } from './lane-figures.ts';
import type { Topics } from './topics.ts';

/** The state of the output as plain data, for `pipeline status --json`. Times are ms since the epoch. */
export function figuresOf(lanes: readonly Lane<unknown>[], topics: Pick<Topics, 'size' | 'goodAt'>): Figures {
  const { goodAt } = topics;
  return {
    topics: topics.size,
    ...(goodAt !== undefined && {
      metadata_at: goodAt,
      metadata_age_seconds: Math.round((Date.now() - goodAt) / 1000),
    }),
    latency_bounds_ms: [...latencyBounds],
    lanes: lanes.map((lane) => ({
      topic: lane.topic,
      partition: lane.partition,
      queued_bytes: lane.queued,
      in_flight: lane.inFlight,
      ...lane.figures,
      ...troubleOf(lane),
    })),
  };
}

function troubleOf({ progress }: Lane<unknown>): Figures {
  const { failure, stuck, stalledFor } = progress;
  if (!failure && !stuck) return {};
  return {
    stuck,
    since: Math.round(Date.now() - stalledFor),
    ...(failure && { reason: `${failure.code} ${failure.message}`, ...(failure.hint && { hint: failure.hint }) }),
  };
}
