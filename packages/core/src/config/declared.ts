import type { State } from '@logcatch/plugin-api';
import { sum } from '../state/ledger.ts';
import type { ComponentStatus, InputFigures } from '../status/agent-status.ts';
import type { DiscoveryCounts } from '../status/counters.ts';
import type { Durations } from '../status/histogram.ts';

/** What is counted of an input or another component, and added up where there are several. */
export interface Counted extends Pick<ComponentStatus, 'id' | 'in' | 'out' | 'errors' | 'restarts'> {
  /** How many of its entries are in which state. */
  readonly states: Readonly<Partial<Record<State, number>>>;
  readonly input?: Pick<
    InputFigures,
    'count' | 'unsettled' | 'lag' | 'oldestAt' | 'settling' | 'account' | 'discovered'
  >;
}

/** A component as the file declares it: of an `each`, all of its entries as one, which may be thousands. */
export interface Declared extends Counted, Pick<ComponentStatus, 'kind' | 'type' | 'output'> {}

/** In the order of the file. @param removed what entries have counted that are gone, so that no sum goes back */
export function declaredIn(components: readonly ComponentStatus[], removed: readonly Counted[]): Declared[] {
  const gone = new Map(removed.map((one) => [one.id, one]));
  const running = components.map((one): Declared => ({ ...one, states: { [one.state]: 1 } }));
  return addedUp(running).map((one) => {
    const before = gone.get(one.id);
    return before ? together(one, before) : one;
  });
}

/** One for each declaration. */
function addedUp<One extends Counted>(all: readonly One[]): One[] {
  const byDeclaration = Map.groupBy(all, ({ id }) => declaredId(id));
  return [...byDeclaration].map(([id, [first, ...others]]) => others.reduce(together<One>, { ...first!, id }));
}

/** The id under `inputs:` of an entry of an `each`. */
export function declaredId(id: string): string {
  return id.split('/', 1)[0]!;
}

function together<One extends Counted>(a: One, b: Counted): One {
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
