import type { AgentStatus } from './agent-status.ts';
import type { Durations } from './histogram.ts';
import type { Metric, Sample } from './metric.ts';
import { metrics } from './metrics.ts';

/** `GET /metrics`: the text format 0.0.4 of Prometheus. */
export function metricsText(status: AgentStatus): string {
  return metrics.flatMap((metric) => linesOf(metric, metric.read(status))).join('');
}

function linesOf({ name, type, help, labels, combine }: Metric, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [];
  // Of thousands of inputs most share their labels: only what remains is written out.
  const combined = new Map<string, Sample>();
  for (const sample of samples) {
    const key = sample[0].join('\n');
    const known = combined.get(key);
    combined.set(key, known ? [sample[0], together(known[1], sample[1], combine)] : sample);
  }
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  const lines = [...combined.values()].flatMap(([given, value]) => {
    const pairs = labels.map((label, index): Pair => [label, given[index]!]);
    return typeof value === 'number' ? [`${name}${labelsText(pairs)} ${value}\n`] : histogramLines(name, pairs, value);
  });
  return [head, ...lines];
}

function together(a: Sample[1], b: Sample[1], combine: Metric['combine']): Sample[1] {
  if (typeof a === 'number' && typeof b === 'number') return combine === 'highest' ? Math.max(a, b) : a + b;
  const [one, other] = [a as Durations, b as Durations];
  return { ...one, counts: one.counts.map((count, index) => count + other.counts[index]!), sum: one.sum + other.sum };
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
