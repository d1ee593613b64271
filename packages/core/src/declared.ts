import type { State } from '@logcatch/plugin-api';
import type { ComponentStatus, InputFigures } from './agent-status.ts';
import type { DiscoveryCounts } from './discoveries.ts';
import type { Durations } from './histogram.ts';
import { sum } from './ledger.ts';

/** A component as the file declares it: of an `each`, all of its entries as one, which may be thousands. */
export interface Declared
  extends Pick<ComponentStatus, 'kind' | 'type' | 'in' | 'out' | 'errors' | 'restarts' | 'output'> {
  readonly id: string;
  /** How many of its entries are in which state. */
  readonly states: Readonly<Partial<Record<State, number>>>;
  readonly input?: Omit<InputFigures, 'sources'>;
}

/** In the order of the file. */
export function declaredIn(components: readonly ComponentStatus[]): Declared[] {
  const entries = Map.groupBy(components, ({ id }) => id.split('/', 1)[0]!);
  return [...entries].map(([id, all]) => {
    const ones = all.map((one): Declared => ({ ...one, id, states: { [one.state]: 1 } }));
    return ones.reduce(together);
  });
}

function together(a: Declared, b: Declared): Declared {
  return {
    ...a,
    states: added(a.states, b.states),
    in: { records: a.in.records + b.in.records, bytes: a.in.bytes + b.in.bytes },
    out: { records: a.out.records + b.out.records, bytes: a.out.bytes + b.out.bytes },
    errors: added(a.errors, b.errors),
    restarts: a.restarts + b.restarts,
    ...(a.input && b.input && { input: inputsTogether(a.input, b.input) }),
  };
}

type Input = NonNullable<Declared['input']>;

function inputsTogether(a: Input, b: Input): Input {
  const oldestAt = Math.min(a.oldestAt ?? Infinity, b.oldestAt ?? Infinity);
  return {
    count: a.count + b.count,
    unsettled: a.unsettled + b.unsettled,
    lag: a.lag + b.lag,
    ...(oldestAt < Infinity && { oldestAt }),
    settling: durationsTogether(a.settling, b.settling),
    account: sum(a.account, b.account),
    discovered: added(a.discovered, b.discovered) as DiscoveryCounts,
  };
}

function durationsTogether(a: Durations, b: Durations): Durations {
  return { ...a, counts: a.counts.map((count, index) => count + b.counts[index]!), sum: a.sum + b.sum };
}

function added<Key extends string>(
  a: Readonly<Partial<Record<Key, number>>>,
  b: Readonly<Partial<Record<Key, number>>>,
): Partial<Record<Key, number>> {
  const both: Partial<Record<Key, number>> = { ...a };
  for (const key of Object.keys(b) as Key[]) both[key] = (both[key] ?? 0) + b[key]!;
  return both;
}
