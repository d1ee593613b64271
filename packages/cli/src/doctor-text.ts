import type { Examination } from '@logcatch/core';
import { plural } from '@logcatch/plugin-api';
import { plainLine } from './text.ts';

/** What an examination came to, for people. */
export function doctorLines({ subject, findings }: Examination): string[] {
  return [
    plainLine(subject),
    ...findings.flatMap(({ level, what, hint }) => [
      plainLine(`  ${level.padEnd(7)}  ${what}`),
      ...(hint === undefined ? [] : [plainLine(`           ${hint}`)]),
    ]),
  ];
}

/** @param waiting components that could not be looked at */
export function lastLine(
  all: readonly Examination[],
  waiting: readonly { readonly id: string; readonly sources: readonly string[] }[],
): string {
  const levels = all.flatMap(({ findings }) => findings.map(({ level }) => level));
  const count = (wanted: string) => levels.filter((level) => level === wanted).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  return plainLine(
    [
      ...waiting.map(({ id, sources }) => `${id} was not looked at: it waits for a value of ${sources.join(', ')}.`),
      problems + warnings === 0 ? 'All is well.' : `${plural(problems, 'problem')}, ${plural(warnings, 'warning')}.`,
    ].join(' '),
  );
}
