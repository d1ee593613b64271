import type { Logger } from '@logcatch/plugin-api';
import type { SendFailure } from './failure.ts';
import type { Tell } from './progress.ts';
import type { Rules } from './rules.ts';
import type { Encoding, Sender } from './sender.ts';

export interface LaneSettings<Payload> {
  readonly sender: Sender<Payload>;
  readonly encoding: Encoding<Payload>;
  /** Longest wait for more records, in ms. */
  readonly linger: number;
  /** Largest record batch, in bytes. */
  readonly batchBytes: number;
  /** Record batches on their way at once, at most: 1 to 5, since a broker remembers five. */
  readonly inFlight: number;
  /** Lanes without progress for so long, in ms, give records to the dead letters. Left out: never. */
  readonly deadLetterAfter?: number | undefined;
  readonly troubles: Tell;
  readonly log: Pick<Logger, 'warn'>;
  /** Address of the broker that leads a partition, as far as is known, for people. */
  readonly leader?: (topic: string, partition: number) => string | undefined;
  /** Called when a record batch is sent again. */
  readonly retried?: () => void;
  /** Called when a lane that failed works again: what held it up may be over for others too. */
  readonly recovered?: () => void;
  /** Whether what this lane gives back can go to another one of its topic at once. */
  readonly elsewhere?: (topic: string) => boolean;
  /**
   * Set where records count only later, all together: a lane that is stuck calls it and gives back also what may have been
   * appended, because none of it is going to count.
   */
  readonly giveUp?: ((failure: SendFailure) => void) | undefined;
  /** The pause after the n-th failure in a row, in ms. */
  readonly backoff?: (n: number) => number;
  readonly rules?: Rules;
}
