import type { LeftOver } from '@logcatch/core';
import { plural } from '@logcatch/plugin-api';

/** Files of an input that are named; of the others only the bytes are told. */
const mostNamed = 3;

/** What of each input is not delivered, and where it resumes. */
export function leftLines(leftOver: readonly LeftOver[]): string[] {
  return [...Map.groupBy(leftOver, ({ input }) => input)].flatMap(([input, sources]) => {
    const rest = sources.slice(mostNamed);
    const more = `${input}: ${plural(rest.length, 'more file')}: ${leftText(rest)}.`;
    return [
      ...sources
        .slice(0, mostNamed)
        .map((source) => `${input}: ${source.path}: ${leftText([source])}; ${resumes(source)}.`),
      ...(rest.length > 0 ? [more] : []),
    ];
  });
}

/**
 * The last line of a run.
 * @param written records by output, repetitions included
 */
export function lastLine(written: ReadonlyMap<string, number>, leftOver: readonly LeftOver[]): string {
  const shipped = [...written].map(([output, records]) => `${plural(records, 'record')} written to ${output}`);
  const left = leftOver.length > 0 ? leftText(leftOver) : 'nothing is left to deliver';
  return `stopped: ${shipped.join(', ') || 'nothing was written'}; ${left}`;
}

function resumes({ position }: LeftOver): string {
  return position === undefined ? 'they cannot be read again' : `it resumes at byte ${position}`;
}

function leftText(sources: readonly LeftOver[]): string {
  const sum = (of: (source: LeftOver) => number) => sources.reduce((all, source) => all + of(source), 0);
  const bytes = sum((source) => source.bytes);
  const read = sum((source) => source.read);
  const onTheWay = read > 0 ? `, ${read} of them read` : '';
  return `${plural(bytes, 'byte')} ${bytes === 1 ? 'is' : 'are'} not delivered${onTheWay}`;
}
