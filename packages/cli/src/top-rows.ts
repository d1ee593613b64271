import type { AgentStatus, ComponentStatus } from '@logcatch/core';
import type { State, Status } from '@logcatch/plugin-api';

/** Entries of one `each` that are listed one by one; more are one row. */
const mostEntries = 8;

/** A component, or all entries of one `each`, as one line of `pipeline top`. */
export interface TopRow {
  readonly name: string;
  readonly type: string;
  /** `running`, or of many `3 failed`. */
  readonly state: string;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly errors: number;
  /** Inputs: bytes, and since when the oldest of them waits, milliseconds since the epoch. */
  readonly lag?: number;
  readonly oldestAt?: number;
  /** Outputs: records. */
  readonly queued?: number;
  /** What does not run well. */
  readonly troubled: readonly Status[];
}

/** In the order of the file. */
export function rowsOf({ components }: Pick<AgentStatus, 'components'>): TopRow[] {
  const entries = Map.groupBy(components, ({ id }) => id.split('/', 1)[0]!);
  return [...entries].flatMap(([id, all]) =>
    all.length > mostEntries ? [rowOf(`${id}/* (${all.length})`, all)] : all.map((one) => rowOf(one.id, [one])),
  );
}

function rowOf(name: string, all: readonly ComponentStatus[]): TopRow {
  const sum = (of: (one: ComponentStatus) => number) => all.reduce((total, one) => total + of(one), 0);
  const troubled = all.filter(({ state }) => state !== 'running');
  const oldestAt = Math.min(...all.map(({ input }) => input?.oldestAt ?? Infinity));
  return {
    name,
    type: all[0]!.type,
    state: stateOf(all),
    recordsIn: sum((one) => one.in.records),
    recordsOut: sum((one) => one.out.records),
    bytesIn: sum((one) => one.in.bytes),
    bytesOut: sum((one) => one.out.bytes),
    errors: sum((one) => Object.values(one.errors).reduce((total, count) => total + count, 0)),
    ...(all[0]!.input && { lag: sum(({ input }) => input?.lag ?? 0) }),
    ...(oldestAt < Infinity && { oldestAt }),
    ...(all[0]!.output && { queued: sum(({ output }) => output?.queued ?? 0) }),
    troubled,
  };
}

const worstFirst: readonly State[] = [
  'failed',
  'stuck',
  'degraded',
  'waiting',
  'starting',
  'stopped',
  'stopping',
  'running',
];

function stateOf(all: readonly ComponentStatus[]): string {
  const worst = worstFirst.find((state) => all.some((one) => one.state === state))!;
  const count = all.filter(({ state }) => state === worst).length;
  return count === all.length ? worst : `${count} ${worst}`;
}
