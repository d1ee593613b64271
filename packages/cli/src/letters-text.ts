import type { DeadLetter, LetterSummary, LettersUsage, Replayed, ReplayTrouble } from '@logcatch/core';
import { plural } from '@logcatch/plugin-api';
import { bytes, columns, period, plainLine } from './text.ts';

/** Characters of a record that are shown. */
const mostShown = 200;
/** Attributes that say nothing new beside a letter's own fields. */
const builtIn = ['path', 'name', 'input', 'host'];

/** `1.2 MiB of 64.0 MiB for dead letters (2 % full)`. */
export function fullnessText({ bytes: used, limit }: LettersUsage): string {
  return `${bytes(used)} of ${bytes(limit)} for dead letters (${Math.floor((100 * used) / limit)} % full)`;
}

/** @param now milliseconds since the epoch */
export function summaryText(summary: LetterSummary, now: number): string {
  const { records, damaged, groups } = summary;
  const ago = (time: number) => `${period(now - time)} ago`;
  const rows = groups.map((group) => [
    group.output,
    group.code,
    String(group.records),
    bytes(group.bytes),
    ago(group.oldest),
    ago(group.newest),
    group.reason,
  ]);
  return [
    ...(rows.length > 0
      ? columns([['output', 'reason', 'records', 'bytes', 'oldest', 'newest', 'the newest says'], ...rows])
      : ['There are no dead letters.']),
    ...(damaged > 0 ? [`${plural(damaged, 'line')} cannot be read: damaged, or written by something else`] : []),
    ...(records > 0 ? [`${plural(records, 'record')}; in all ${fullnessText(summary)}`] : []),
  ].join('\n');
}

export function letterText(letter: DeadLetter): string {
  const { time, output, code, reason, target, input, path, offset, attributes, computed } = letter;
  const own = Object.entries({ ...attributes, ...computed }).filter(([name]) => !builtIn.includes(name));
  const at = `from byte ${offset} of ${path} (${input})`;
  const details = [at, target !== undefined && `to ${target}`, ...own.map(([name, value]) => `${name}=${value}`)];
  return [`${time}  ${output}  ${code} ${reason}`, `  ${details.filter(Boolean).join('  ')}`, `  ${valueText(letter)}`]
    .map(plainLine)
    .join('\n');
}

export function replayText(outputs: readonly Replayed[], trouble: ReplayTrouble | undefined): string {
  const lines = outputs.map(({ output, written, refused, reasons }) => {
    const why = Object.entries(reasons).map(([code, message]) => `${code} ${message}`);
    const again = refused > 0 ? `; ${plural(refused, 'record')} refused again and kept: ${why.join('; ')}` : '';
    return `${output}: ${plural(written, 'record')} written and removed from the dead letters${again}`;
  });
  if (trouble) {
    const { output, code, message, hint } = trouble;
    lines.push(`${output}: the rest stays: ${code} ${message.replace(/[^.!?]$/, '$&.')} ${hint}`);
  }
  return lines.length > 0 ? lines.map(plainLine).join('\n') : 'There are no such dead letters.';
}

function valueText({ value, value_base64 = '' }: DeadLetter): string {
  if (value === undefined) return `${shortened(value_base64)} (base64: it is not UTF-8)`;
  return value === '' ? '(an empty record)' : shortened(value);
}

function shortened(text: string): string {
  return text.length <= mostShown
    ? text
    : `${text.slice(0, mostShown)}... (${text.length} characters; --json shows all)`;
}
