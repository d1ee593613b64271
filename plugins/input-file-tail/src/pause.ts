import type { Tuning } from './machine/tuning.ts';
import type { Way } from './process/traffic.ts';

/** What decides when a file is looked at again. Times in milliseconds. */
export interface Sight {
  /** Since it was last seen to grow. */
  readonly idle: number;
  /** How writes to it are known. */
  readonly way: Way;
  /** A hint told of its last growth, and not the look itself. */
  readonly told: boolean;
  /** Hints are wanted: where they are not, the file system tells nothing and a look is dear. */
  readonly watch: boolean;
  /** It has no path any more: its writer may still write to it, of which nothing is told. */
  readonly lost: boolean;
  /** It is closed. */
  readonly parked: boolean;
  /** All of it is read and delivered. */
  readonly settled: boolean;
  /** Until what is held of it is to be read, though nothing more came. */
  readonly due: number;
}

export interface Pauses extends Pick<Tuning, 'poll' | 'idlePoll' | 'idleAfter' | 'rescan'> {
  /** After this long without growth a file is closed, by a look. */
  readonly inactive: number;
  /** How soon to look again at a file that has just grown, and of whose writes nothing is told. */
  readonly quick: number;
}

/**
 * Milliseconds until the next look at a file. The rescan looks at every file that has a path, so for those whose writes
 * are told that is enough; all others are looked at less the longer they did not grow.
 */
export function pauseOf(sight: Sight, pauses: Pauses): number {
  return Math.min(sight.due, growthPause(sight, pauses));
}

function growthPause({ idle, way, told, watch, lost, parked, settled }: Sight, pauses: Pauses): number {
  const { poll, idlePoll, idleAfter, rescan, inactive, quick } = pauses;
  const never = Number.POSITIVE_INFINITY;
  const untilClosed = parked ? never : Math.max(inactive - idle, idlePoll);
  // chokidar keeps quiet about some writes to a file that grows quickly; the system does not.
  if (!lost && told && way === 'heard') return untilClosed;
  if (idle < poll) return quick;
  if (idle < idleAfter || lost) return poll;
  if (way !== 'polled' && (parked || settled)) return untilClosed;
  if (!watch && parked) return idle / 60 > rescan ? never : Math.max(idle / 60, idlePoll);
  return Math.min(idle / 10, idlePoll);
}
