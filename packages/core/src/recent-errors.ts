import type { ErrorCode, LogcatchError, PipelineHooks } from '@logcatch/plugin-api';

/** An error that came in this run, once for all the times it did. */
export interface RecentError {
  /** Id of the component it concerns; left out where it concerns none. */
  readonly component?: string;
  readonly code: ErrorCode;
  /** At most 1,000 characters. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /** When it came first, and last: milliseconds since the epoch. */
  readonly firstAt: number;
  readonly at: number;
  readonly times: number;
}

const mostKept = 50;
const longestMessage = 1_000;

/** The errors that came last, each once. */
export class RecentErrors {
  /** In the order in which they last came. */
  readonly #errors = new Map<string, RecentError>();

  constructor({ error }: Pick<PipelineHooks, 'error'>, now: () => number = Date.now) {
    error.tap('recent errors', (one) => this.#add(one, now()));
  }

  /** The newest first. */
  get list(): readonly RecentError[] {
    return [...this.#errors.values()].reverse();
  }

  #add({ at: component, code, message: whole, hint }: LogcatchError, at: number): void {
    const message = whole.slice(0, longestMessage);
    const key = JSON.stringify([component, code, message]);
    const { firstAt = at, times = 0 } = this.#errors.get(key) ?? {};
    this.#errors.delete(key);
    const known = { code, message, hint, firstAt, at, times: times + 1 };
    this.#errors.set(key, component === undefined ? known : { component, ...known });
    const [oldest] = this.#errors.keys();
    if (this.#errors.size > mostKept && oldest !== undefined) this.#errors.delete(oldest);
  }
}
