import { ConfigErrors, didYouMean } from '@logcatch/core';
import { LogcatchError, type Origin } from '@logcatch/plugin-api';
import { type Comparison, compare, ownFields, unknownFields } from './compare.ts';
import type { Outcome } from './play.ts';
import type { Shown } from './shown.ts';
import type { PipelineTest } from './test-file.ts';
import type { ExpectedRecords } from './test-schema.ts';

/** A place of a test where something else came than was expected. */
export interface Finding {
  /** `outputs.kafka`, `dropped`. */
  readonly what: string;
  readonly comparison: Comparison;
  /** Place of what is expected: of one record of it, or of all. */
  originOf(...index: number[]): Origin;
}

interface Section {
  readonly path: readonly string[];
  readonly expected: ExpectedRecords | undefined;
  readonly actual: readonly Shown[];
}

/**
 * What of an outcome is not as the test expects it. What a test does not name it does not look at, but for dead letters:
 * they are never fine unless it says so.
 * @throws ConfigErrors where it names what no record has
 */
export function judge({ expect, originOf }: PipelineTest, outcome: Outcome): Finding[] {
  const named = (section: 'outputs' | 'exits' | 'dead_letters', actual: Outcome['outputs']): Section[] =>
    Object.entries(expect[section] ?? {}).map(([id, expected]) => ({
      path: [section, id],
      expected,
      actual: actual.get(id) ?? [],
    }));
  const unnamed = [...outcome.deadLetters].filter(([id]) => expect.dead_letters?.[id] === undefined);
  const sections: Section[] = [
    ...named('outputs', outcome.outputs),
    ...named('exits', outcome.exits),
    ...named('dead_letters', outcome.deadLetters),
    ...unnamed.map(([id, actual]) => ({ path: ['dead_letters', id], expected: [], actual })),
    { path: ['dropped'], expected: expect.dropped, actual: outcome.dropped },
  ];
  return sections.flatMap(({ path, expected, actual }) => {
    if (expected === undefined) return [];
    const placeOf = (...at: (string | number)[]) => originOf(['expect', ...path, ...at]);
    checkFields(expected, actual, path.join('.'), placeOf);
    const comparison = compare(expected, actual);
    return comparison ? [{ what: path.join('.'), comparison, originOf: placeOf }] : [];
  });
}

function checkFields(
  expected: ExpectedRecords,
  [first]: readonly Shown[],
  what: string,
  originOf: (...path: (string | number)[]) => Origin,
): void {
  if (typeof expected === 'number' || !first) return;
  const known = [...Object.keys(first.fields), ...ownFields];
  const errors = expected.flatMap((record, index) =>
    unknownFields(record, first).map((name) => {
      const message = `records of ${what} have no "${name}"${didYouMean(name, known)}`;
      const hint = `There are: ${known.join(', ')}.`;
      return new LogcatchError('LC_CONFIG_UNKNOWN_KEY', message, { origin: originOf(index, name), hint });
    }),
  );
  if (errors.length > 0) throw new ConfigErrors(errors);
}
