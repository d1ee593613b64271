import type { AgentStatus } from './agent-status.ts';
import type { Metric, Sample } from './metric.ts';
import { metrics } from './metrics.ts';

/** `GET /metrics`: the text format 0.0.4 of Prometheus. */
export function metricsText(status: AgentStatus): string {
  return metrics.flatMap((metric) => linesOf(metric, metric.read(status))).join('');
}

function linesOf({ name, type, help, labels, combine }: Metric, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [];
  const values = new Map<string, number>();
  const add = (suffix: string, pairs: readonly (readonly [string, string])[], value: number) => {
    const series = `${name}${suffix}${labelsText(pairs)}`;
    const known = values.get(series);
    if (known === undefined) values.set(series, value);
    else values.set(series, combine === 'highest' ? Math.max(known, value) : known + value);
  };
  for (const [given, value] of samples) {
    const pairs = labels.map((label, index) => [label, given[index]!] as const);
    if (typeof value === 'number') {
      add('', pairs, value);
      continue;
    }
    let count = 0;
    for (const [index, amount] of value.counts.entries()) {
      count += amount;
      add('_bucket', [...pairs, ['le', String(value.bounds[index] ?? '+Inf')]], count);
    }
    add('_sum', pairs, value.sum);
    add('_count', pairs, count);
  }
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  return [head, ...[...values].map(([series, value]) => `${series} ${value}\n`)];
}

function labelsText(pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return '';
  return `{${pairs.map(([label, value]) => `${label}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
