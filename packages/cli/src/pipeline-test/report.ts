import { styleText } from 'node:util';
import { type Origin, plural } from '@logcatch/plugin-api';
import { plainLine, quoted } from '../text.ts';
import { fieldText, type Mismatch, partOf } from './compare.ts';
import type { Finding } from './judge.ts';
import type { Outcome } from './play.ts';
import type { Shown } from './shown.ts';
import type { ExpectedRecord } from './test-schema.ts';

/** How a test ended, for people: a line when it passed. */
export function resultText(name: string, findings: readonly Finding[], outcome: Outcome): string {
  const { failure } = outcome;
  const passed = findings.length === 0 && !failure;
  const head = `${passed ? styleText('green', '✓') : styleText('red', '✗')} ${plainLine(name)}`;
  if (passed) return head;
  // What came of the records after a component failed says nothing.
  if (failure) return `${head}\n    ${plainLine(failure.describe())}`;
  const unnamed = findings.some(({ what }) => what === 'dropped') ? [] : outcome.dropped.map(lostText);
  return [head, ...findings.flatMap(findingLines), ...unnamed].join('\n');
}

function findingLines({ what, comparison, originOf }: Finding): string[] {
  if ('mismatches' in comparison) {
    return comparison.mismatches.flatMap((mismatch) =>
      mismatch.index === undefined
        ? [placeText(originOf(), what), added(`not expected: ${shownText(mismatch.actual)}`)]
        : [placeText(originOf(mismatch.index), `${what}[${mismatch.index}]`), ...recordLines(mismatch)],
    );
  }
  const { expected, actual } = comparison;
  return [
    placeText(originOf(), what),
    removed(plural(expected, 'record')),
    added(plural(actual.length, 'record')),
    ...actual.map((shown) => same(shownText(shown))),
  ];
}

function recordLines({ expected, actual, differences }: Extract<Mismatch, { index: number }>): string[] {
  if (!actual) return [removed(`did not come: ${expectedText(expected)}`)];
  const context = differences.some(({ field }) => field === 'value') ? [] : [same(`value  ${quoted(actual.value)}`)];
  return [
    ...context,
    ...differences.flatMap((one) => [
      removed(`${one.field}  ${one.expected}`),
      added(`${one.field}  ${one.actual ?? '(none)'}`),
    ]),
  ];
}

function lostText({ value, fields }: Shown): string {
  return same(`dropped by ${fields.by}: ${quoted(value)}`);
}

function expectedText(expected: ExpectedRecord): string {
  if (typeof expected === 'string') return quoted(expected);
  const { value, contains, matches, ...rest } = expected;
  const texts = [value === undefined ? '' : quoted(value), partOf({ contains, matches }), ...fieldTexts(rest)];
  return texts.filter((text) => text !== '').join(', ');
}

function shownText({ value, fields }: Shown): string {
  const some = Object.entries(fields).filter(([, field]) => field !== undefined && !isEmpty(field));
  return [quoted(value), ...fieldTexts(Object.fromEntries(some))].join(', ');
}

function fieldTexts(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).map(([name, field]) => `${name} ${fieldText(field)}`);
}

function isEmpty(field: Shown['fields'][string]): boolean {
  return typeof field === 'object' && Object.keys(field).length === 0;
}

function placeText({ file, line, column }: Origin, what: string): string {
  return `    ${styleText('cyan', [file, line, column].join(':'))}  ${what}`;
}

const removed = (text: string) => styleText('red', plainLine(`      - ${text}`));
const added = (text: string) => styleText('green', plainLine(`      + ${text}`));
const same = (text: string) => styleText('gray', plainLine(`        ${text}`));
