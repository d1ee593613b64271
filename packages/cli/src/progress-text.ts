import type { Backlog } from './progress-meter.ts';
import { bytes, period } from './text.ts';

/** Characters of the bar itself. */
const barWidth = { least: 10, most: 40 };

/** `1.2 GiB of 2.9 GiB (41 %), 85.0 MiB/s, 20s left` */
export function progressText({ done, known, rate, left }: Backlog): string {
  const percent = known > 0 ? Math.floor((100 * done) / known) : 0;
  const time = Number.isFinite(left) ? `${period(Math.ceil(left) * 1_000)} left` : 'nothing moves';
  return `${bytes(done)} of ${bytes(known)} (${percent} %), ${bytes(Math.round(rate))}/s, ${time}`;
}

/** The same behind a bar, where there is room for one. @param width characters of a line */
export function progressBar(backlog: Backlog, width: number): string {
  const text = progressText(backlog);
  const room = Math.min(barWidth.most, width - text.length - 3);
  if (room < barWidth.least) return text.slice(0, width);
  const full = backlog.known > 0 ? Math.floor((room * backlog.done) / backlog.known) : 0;
  return `[${'#'.repeat(full)}${'.'.repeat(room - full)}] ${text}`;
}
