import {
  type DeadLetter,
  didYouMean,
  type LetterFilter,
  type LetterSummary,
  type LettersUsage,
  type Replayed,
  type ReplayTrouble,
} from '@logcatch/core';
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

/** What there is none of, and how many others there are: a reason that is misspelt does not look as if all were well. */
export function noneText({ output, code }: LetterFilter, others: number): string {
  const of = `${output === undefined ? '' : ` of output ${output}`}${code === undefined ? '' : ` with reason ${code}`}`;
  return plainLine(`There are no dead letters${of}${others > 0 ? `, but ${plural(others, 'other')}` : ''}.`);
}

/** @param outputs those of the pipeline and of the dead letters */
export function unknownOutputText(output: string, outputs: readonly string[]): string {
  const near = didYouMean(output, outputs) || `. There are: ${outputs.join(', ')}.`;
  return plainLine(`--output ${output}: neither the pipeline nor a dead letter has such an output${near}`);
}

/** @param now milliseconds since the epoch */
export function summaryText(summary: LetterSummary, filter: LetterFilter, now: number): string {
  const { records, others, damaged, groups } = summary;
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
      : [noneText(filter, others)]),
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
