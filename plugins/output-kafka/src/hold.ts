import { Stuck } from '@logcatch/plugin-api';
import type { SendFailure } from './failure.ts';

/** Holds up sources, instead of keeping their records in memory, until something works again. */
export class Hold {
  readonly #over = Promise.withResolvers<void>();

  /** For a write of which nothing was sent. @param what is stuck */
  toError(what: string, failure: SendFailure): Stuck {
    return new Stuck(failure.toError(what), this.#over.promise);
  }

  /** The sources may come again. */
  end(): void {
    this.#over.resolve();
  }
}
