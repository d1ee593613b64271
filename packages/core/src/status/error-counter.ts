import type { ErrorCode, PipelineHooks } from '@logcatch/plugin-api';

/** How often each error came, by code. */
export type ErrorCounts = Readonly<Partial<Record<ErrorCode, number>>>;

const none: ErrorCounts = {};

/** Counts errors by the component that they name. One that is rebuilt goes on counting. */
export class ErrorCounter {
  readonly #byComponent = new Map<string | undefined, ErrorCounts>();

  constructor({ error }: Pick<PipelineHooks, 'error'>) {
    error.tap('errors', ({ at, code }) => {
      const counts = this.of(at);
      this.#byComponent.set(at, { ...counts, [code]: (counts[code] ?? 0) + 1 });
    });
  }

  /** @param component its id; of those that name none where it is undefined */
  of(component: string | undefined): ErrorCounts {
    return this.#byComponent.get(component) ?? none;
  }
}
