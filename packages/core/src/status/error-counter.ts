import type { EngineHooks, ErrorCode, PipelineHooks } from '@logcatch/plugin-api';
import { type Counters, count, type ErrorCounts } from './counters.ts';

/** Counts errors with the component that they name, and here where they name none that runs. */
export class ErrorCounter {
  readonly #others: Partial<Record<ErrorCode, number>> = {};

  /** @param countersOf those of a component, by its id */
  constructor(
    { error }: Pick<PipelineHooks, 'error'>,
    { reloaded }: Pick<EngineHooks, 'reloaded'>,
    countersOf: (component: string) => Pick<Counters, 'errors'> | undefined,
  ) {
    error.tap('errors', ({ at = '', code }) => count(countersOf(at)?.errors ?? this.#others, code));
    // What a change was rolled back for has been told by the components that failed.
    reloaded.tap('errors', (outcome) => {
      if (outcome.result === 'refused') for (const { code } of outcome.errors) count(this.#others, code);
    });
  }

  /** Those that concern no component. */
  get others(): ErrorCounts {
    return this.#others;
  }
}
