import type { State } from '@logcatch/plugin-api';
import type { Agent } from '../agent.ts';

/** Milliseconds between two looks at figures that change all the time. */
const interval = 5_000;
/** Milliseconds from a change of state to the report: they come in bursts. */
const settle = 250;
/** Characters of a reason. */
const longestReason = 500;

/** What an agent publishes of itself, for `pipeline fleet`. Names as JSON of other systems has them: strangers read it. */
export interface AgentReport {
  /** Names the report among those of all agents. */
  readonly agent_id: string;
  readonly name: string;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly started_at: number;
  /** By name of the configuration source. */
  readonly sources: Readonly<Record<string, ReportedSource>>;
  /** The last change of the configuration; left out before the first. */
  readonly configuration?: ReportedChange;
  readonly inputs: number;
  /** Open files. */
  readonly files: number;
  /** Bytes that are known to be in the files and have not settled, read or not. */
  readonly lag_bytes: number;
  /** How many components are in which state. */
  readonly states: Readonly<Partial<Record<State, number>>>;
}

export interface ReportedSource {
  /** What it reads, for people. Revisions of different things cannot be compared. */
  readonly summary: string;
  readonly state: State;
  /** Of the value in effect; left out while there is none. */
  readonly revision?: string;
  /** Why the state is not `running`. */
  readonly reason?: string;
}

export interface ReportedChange {
  readonly number: number;
  readonly result: 'applied' | 'refused' | 'rolled back';
  readonly what: string;
  readonly reason?: string;
}

export function reportOf({ pipeline, configuration, changes, ...agent }: AgentFacts): AgentReport {
  const states: Partial<Record<State, number>> = {};
  for (const { supervisor } of pipeline.nodes) {
    const { state } = supervisor.status;
    states[state] = (states[state] ?? 0) + 1;
  }
  let files = 0;
  let lag = 0;
  for (const input of pipeline.inputs) {
    for (const source of input.sources) {
      files++;
      lag += source.lag;
    }
  }
  const { last } = changes;
  return {
    agent_id: agent.id,
    name: pipeline.name,
    version: agent.version,
    host: agent.host,
    pid: process.pid,
    started_at: agent.startedAt,
    sources: Object.fromEntries(
      configuration.sources.map(({ name, summary, state, revision, reason }) => [
        name,
        {
          summary,
          state,
          ...(revision !== undefined && { revision }),
          ...(reason !== '' && { reason: short(reason) }),
        },
      ]),
    ),
    ...(last && {
      configuration: {
        number: last.number,
        result: last.result,
        what: last.what,
        ...(last.errors && { reason: short(last.errors[0] ?? '') }),
      },
    }),
    inputs: pipeline.inputs.length,
    files,
    lag_bytes: lag,
    states,
  };
}

export type AgentFacts = Pick<
  Agent,
  'pipeline' | 'configuration' | 'changes' | 'id' | 'version' | 'host' | 'startedAt'
>;

/** Publishes an agent's report through its configuration sources: at once when a state changes, else now and then. */
export class Reporter {
  readonly #agent: Agent;
  #last = '';
  #soon: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  start(): void {
    this.#timer = setInterval(() => this.#report(), interval);
    this.soon();
  }

  /** A state is another. */
  soon(): void {
    if (!this.#timer) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#report();
    }, settle);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#timer = undefined;
  }

  #report(): void {
    const { configuration } = this.#agent;
    if (!configuration.reporting) return;
    const report = JSON.stringify(reportOf(this.#agent));
    if (report === this.#last) return;
    this.#last = report;
    configuration.report(report);
  }
}

function short(reason: string): string {
  return reason.length <= longestReason ? reason : `${reason.slice(0, longestReason)}...`;
}
