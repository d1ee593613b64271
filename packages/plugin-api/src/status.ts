/** The one state model, for people, health and metrics. The supervisor alone moves it. */
export type State = 'waiting' | 'starting' | 'running' | 'degraded' | 'stuck' | 'stopping' | 'stopped' | 'failed';

export interface Status {
  readonly state: State;
  /** Why it is so; empty for a plain `running` or `stopped`. */
  readonly reason: string;
  /** What to do about it. */
  readonly hint: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}
