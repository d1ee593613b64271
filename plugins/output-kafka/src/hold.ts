import { Stuck } from '@logcatch/plugin-api';
import type { SendFailure } from './failure.ts';

/** How long sources are held up at most, in ms: it may be that they have nothing more for what is stuck. */
const longestMs = 60_000;
/** What has had no records for so long, in ms, and holds nobody up, is nobody's trouble any more. Longer than any pause. */
export const restMs = 10_000;

/** Holds up sources, instead of keeping their records in memory, until something works again. */
export class Hold {
  readonly #over = Promise.withResolvers<void>();
  readonly #until = performance.now() + longestMs;

  /** Whether it is time to see who still has records. */
  get expired(): boolean {
    return performance.now() >= this.#until;
  }

  /** For a write of which nothing was sent. @param what is stuck */
  toError(what: string, failure: SendFailure): Stuck {
    return new Stuck(failure.toError(what), this.#over.promise);
  }

  /** The sources may come again. */
  end(): void {
    this.#over.resolve();
  }
}
