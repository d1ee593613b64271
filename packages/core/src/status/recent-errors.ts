import { type ErrorCode, errorTable, type LogcatchError, type PipelineHooks, type Status } from '@logcatch/plugin-api';

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
  /** As an error; 0 where the component only said that it does not run well. */
  readonly times: number;
}

const mostKept = 50;
const longestMessage = 1_000;

/** The errors that came last, each once. */
export class RecentErrors {
  /** In the order in which they last came. */
  readonly #errors = new Map<string, RecentError>();

  constructor({ error, status }: Pick<PipelineHooks, 'error' | 'status'>, now: () => number = Date.now) {
    error.tap('recent errors', (one) => this.#add(one, now(), 1));
    status.tap('recent errors', (at, one) => {
      const known = errorIn(one);
      if (known) this.#add({ at, ...known }, now(), 0);
    });
  }

  /** The newest first. */
  get list(): readonly RecentError[] {
    return [...this.#errors.values()].reverse();
  }

  #add({ at: component, code, message: whole, hint }: Told, at: number, more: 0 | 1): void {
    const message = whole.slice(0, longestMessage);
    const key = JSON.stringify([component, code, message]);
    const { firstAt = at, times = 0 } = this.#errors.get(key) ?? {};
    this.#errors.delete(key);
    const known = { code, message, hint, firstAt, at, times: times + more };
    this.#errors.set(key, component === undefined ? known : { component, ...known });
    const [oldest] = this.#errors.keys();
    if (this.#errors.size > mostKept && oldest !== undefined) this.#errors.delete(oldest);
  }
}

type Told = Pick<LogcatchError, 'at' | 'code' | 'message' | 'hint'>;

/** The error that a state tells, as a component does that calls itself degraded. */
function errorIn({ state, reason, hint }: Status): Omit<Told, 'at'> | undefined {
  if (state !== 'degraded' && state !== 'stuck') return undefined;
  // Where in a plugin it was thrown is not part of the error's message.
  const [, code = '', message = ''] = /^(LC_[A-Z_]+) (.*?)(?: \([^()]*:\d+:\d+\))?$/s.exec(reason) ?? [];
  return Object.hasOwn(errorTable, code) ? { code: code as ErrorCode, message, hint } : undefined;
}
