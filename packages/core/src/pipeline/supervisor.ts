import { LogcatchError, messageOf, type State, type Status } from '@logcatch/plugin-api';
import type { Log } from '../log.ts';
import { placeOf } from '../place-of.ts';

const troubled: readonly State[] = ['degraded', 'stuck', 'failed'];

/** Waits between tries: doubled from the first to the last, with jitter so that agents do not come back together. */
export interface Backoff {
  /** Milliseconds. */
  readonly first: number;
  readonly last: number;
}

export const restartBackoff: Backoff = { first: 500, last: 30_000 };
export const writeBackoff: Backoff = { first: 100, last: 10_000 };

/** Milliseconds before the n-th try (from 0): between half and all of first * 2^n, at most last. */
export function delay({ first, last }: Backoff, attempt: number, random: () => number = Math.random): number {
  return longest({ first, last }, attempt) * (0.5 + random() / 2);
}

/** The same without jitter: those that wait for one thing come back together. */
export function longest({ first, last }: Backoff, attempt: number): number {
  return Math.min(last, first * 2 ** Math.min(attempt, 30));
}

/** A reason and what to do about it, on one line. */
export function sentence(reason: string, hint: string): string {
  return `${/[.!?]$/.test(reason) || hint === '' ? reason : `${reason}.`} ${hint}`.trim();
}

/** The state of one component, and the only one who moves it. */
export class Supervisor {
  readonly component: string;
  readonly #log: Log;
  readonly #changed: (status: Status) => void;
  /** What it has said that does not work, until it says that it does: its start, or its work. */
  #trouble: 'start' | 'work' | undefined;
  #status: Status = { state: 'waiting', reason: '', hint: '', since: Date.now() };

  constructor(component: string, log: Log, changed: (status: Status) => void) {
    this.component = component;
    this.#log = log;
    this.#changed = changed;
  }

  get status(): Status {
    return this.#status;
  }

  move(state: State, reason = '', hint = ''): void {
    if (state === this.#status.state && reason === this.#status.reason) return;
    // What stops has said how it did.
    if (this.#status.state === 'stopping' && state !== 'stopped') return;
    const since = state === this.#status.state ? this.#status.since : Date.now();
    // Waiting for another component is none.
    if (troubled.includes(state) || hint) {
      this.#trouble ??= this.#status.state === 'starting' || state === 'waiting' ? 'start' : 'work';
    }
    this.#status = { state, reason, hint, since };
    this.#changed(this.#status);
  }

  /** It has started: where its work had failed, that says nothing yet. */
  started(): void {
    this.move('running');
    if (this.#trouble === 'start') this.works();
  }

  /** Something has worked: said where it had said that it does not. Cheap where it had not. */
  works(): void {
    if (this.#trouble === undefined || this.#status.state !== 'running') return;
    this.#trouble = undefined;
    this.#log.forget();
    this.#log.info('runs well again');
  }

  /** Takes the place of another one, and says what that one would have said. */
  succeed(before: Supervisor): void {
    this.#trouble ??= before.#trouble;
    if (this.#status.state === 'running') this.started();
  }

  failed(state: State, error: unknown): LogcatchError {
    const known = this.explain(error);
    const { file, line, column } = known.origin ?? {};
    const place = file === undefined ? '' : ` (${[file, line, column].join(':')})`;
    this.move(state, `${known.code} ${known.message}${place}`, known.hint);
    return known;
  }

  /** What the component itself says of its health; counts only while it runs. */
  degraded(reason: string | null, hint = ''): void {
    const { state } = this.#status;
    if (state !== 'running' && state !== 'degraded' && state !== 'stuck') return;
    if (reason === null) {
      this.move('running');
      this.works();
      return;
    }
    this.#log.warn(sentence(reason, hint));
    this.move(state === 'stuck' ? 'stuck' : 'degraded', reason, hint);
  }

  /** It works for some sources only; in its own words, where it has said something. */
  stuck({ code, message, hint }: LogcatchError): void {
    const { status } = this;
    if (status.state === 'degraded') this.move('stuck', status.reason, status.hint);
    else this.move('stuck', `${code} ${message}`, hint);
  }

  /** Whatever a plugin threw, as an error of ours that names the component. */
  explain(error: unknown): LogcatchError {
    if (error instanceof LogcatchError) {
      const { hint, origin, cause, at = this.component } = error;
      return new LogcatchError(error.code, error.message, { hint, at, cause, ...(origin && { origin }) });
    }
    const origin = placeOf(error);
    return new LogcatchError('LC_PLUGIN_THREW', messageOf(error), {
      at: this.component,
      cause: error,
      ...(origin && { origin }),
    });
  }
}
