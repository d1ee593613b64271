import { cpus, loadavg } from 'node:os';
import { percentile } from '../test/support/percentile.ts';

/** The machine and how busy it is: a figure without them says nothing. */
export function machine(): string {
  const load = loadavg()
    .map((average) => average.toFixed(1))
    .join(' ');
  return `${cpus().length} x ${cpus()[0]!.model.trim()}, Node ${process.version}, load average ${load}`;
}

/** A table in Markdown, its columns as wide as they need to be. The first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** p50, p99 and the most of these milliseconds. */
export function spread(delays: readonly number[]): [p50: string, p99: string, most: string] {
  if (delays.length === 0) return ['-', '-', '-'];
  return [0.5, 0.99, 1].map((share) => percentile(delays, share).toFixed(1)) as [string, string, string];
}
