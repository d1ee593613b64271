import { declaredIn } from '../config/declared.ts';
import type { AgentStatus } from './agent-status.ts';
import type { Durations } from './histogram.ts';
import type { Metric, Sample } from './metric.ts';
import { metrics } from './metrics.ts';

/** `GET /metrics`: the text format 0.0.4 of Prometheus. */
export function metricsText(status: AgentStatus): string {
  const measured = { ...status, components: declaredIn(status.components, status.removed) };
  return metrics.flatMap((metric) => linesOf(metric, metric.read(measured))).join('');
}

function linesOf({ name, type, help, labels }: Metric, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [];
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  const lines = samples.flatMap(([given, value]) => {
    const pairs = labels.map((label, index): Pair => [label, given[index]!]);
    return typeof value === 'number' ? [`${name}${labelsText(pairs)} ${value}\n`] : histogramLines(name, pairs, value);
  });
  return [head, ...lines];
}

function histogramLines(name: string, pairs: readonly Pair[], { bounds, counts, sum }: Durations): string[] {
  let count = 0;
  const buckets = counts.map((amount, index) => {
    count += amount;
    return `${name}_bucket${labelsText([...pairs, ['le', String(bounds[index] ?? '+Inf')]])} ${count}\n`;
  });
  const own = labelsText(pairs);
  return [...buckets, `${name}_sum${own} ${sum}\n`, `${name}_count${own} ${count}\n`];
}

type Pair = readonly [label: string, value: string];

function labelsText(pairs: readonly Pair[]): string {
  if (pairs.length === 0) return '';
  return `{${pairs.map(([label, value]) => `${label}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
