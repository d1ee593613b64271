import type { Declared } from '../config/declared.ts';
import type { AgentStatus, OutputFigures } from './agent-status.ts';
import type { Durations } from './histogram.ts';
import { type LaneFigures, lanesOf } from './lanes.ts';

/** One metric, with all that it has to say of an agent. */
export interface Metric {
  /** With its unit, and `_total` where it only grows. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Names of its labels: few values each, so never a path. */
  readonly labels: readonly string[];
  read(status: Measured): readonly Sample[];
}

/** A status in which the entries of one `each` are one component. */
export interface Measured extends Omit<AgentStatus, 'components'> {
  readonly components: readonly Declared[];
}

/** Values in the order of the labels. */
export type Sample = readonly [labels: readonly string[], value: number | Durations];

type Value = Sample[1];

export function agent(
  type: Metric['type'],
  name: string,
  help: string,
  labels: readonly string[],
  read: Metric['read'],
): Metric {
  return { name, type, help, labels, read };
}

/** Of each component: the label `component` comes first. */
export function component(
  type: Metric['type'],
  name: string,
  help: string,
  labels: readonly string[],
  read: (component: Declared, status: Measured) => readonly Sample[],
): Metric {
  return agent(type, name, help, ['component', ...labels], (status) =>
    status.components.flatMap((one) => read(one, status).map(([own, value]): Sample => [[one.id, ...own], value])),
  );
}

export function input(
  type: Metric['type'],
  name: string,
  help: string,
  value: (input: NonNullable<Declared['input']>, status: Measured) => Value,
): Metric {
  return component(type, name, help, [], ({ input }, status) => (input ? [[[], value(input, status)]] : []));
}

export function output(
  type: Metric['type'],
  name: string,
  help: string,
  value: (output: OutputFigures) => Value,
): Metric {
  return component(type, name, help, [], ({ output }) => (output ? [[[], value(output)]] : []));
}

export function lanes(name: string, help: string, value: (lanes: readonly LaneFigures[]) => number): Metric {
  return component('gauge', name, help, [], ({ output }) =>
    output?.details?.lanes === undefined ? [] : [[[], value(lanesOf(output.details))]],
  );
}

/** Label values are written as names are: `rolled back` as `rolled_back`. */
export function snake(text: string): string {
  return text.replaceAll(/[ -]/g, '_');
}
