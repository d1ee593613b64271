import { quoted } from '../text.ts';
import type { Shown } from './shown.ts';
import type { ExpectedRecord, ExpectedRecords, Part, Text } from './test-schema.ts';

/** Something about a record that is not as expected, in words for people. `undefined`: there is none. */
export interface Difference {
  /** `value`, `topic`, `headers.team`, `attributes.level`, `json.user.id`. */
  readonly field: string;
  readonly expected: string;
  readonly actual: string | undefined;
}

/** A record that did not come as expected, one that did not come at all, or one that nobody expected. */
export type Mismatch =
  | {
      readonly index: number;
      readonly expected: ExpectedRecord;
      readonly actual?: Shown;
      readonly differences: readonly Difference[];
    }
  | { readonly index?: undefined; readonly actual: Shown };

/** What is not as expected: numbers, where a number was; records otherwise. */
export type Comparison =
  | { readonly expected: number; readonly actual: readonly Shown[] }
  | { readonly mismatches: readonly Mismatch[]; readonly actual: readonly Shown[] };

/** Nothing where all is as expected. */
export function compare(expected: ExpectedRecords, actual: readonly Shown[]): Comparison | undefined {
  if (typeof expected === 'number') return expected === actual.length ? undefined : { expected, actual };
  const mismatches = mismatchesOf(expected, actual);
  return mismatches.length > 0 ? { mismatches, actual } : undefined;
}

/** Fields that an expected record names and that no record of this kind has. */
export function unknownFields(expected: ExpectedRecord, { fields }: Shown): string[] {
  if (typeof expected === 'string') return [];
  return Object.keys(expected).filter((name) => !ownFields.includes(name) && !Object.hasOwn(fields, name));
}

/** Those that every record has. */
export const ownFields = ['value', 'contains', 'matches', 'json', 'attributes'];

/** What of a record is not as expected; nothing where it is. */
export function differencesOf(expected: ExpectedRecord, shown: Shown): Difference[] {
  if (typeof expected === 'string') return textDifference('value', expected, shown.value);
  const { value, contains, matches, json, attributes, ...fields } = expected;
  return [
    ...(value === undefined ? [] : textDifference('value', value, shown.value)),
    ...textDifference('value', { contains, matches }, shown.value),
    ...(json === undefined ? [] : jsonDifferences(json, shown.value)),
    ...mapDifferences('attributes', (attributes ?? {}) as Readonly<Record<string, Text>>, shown.attributes),
    ...Object.entries(fields).flatMap(([name, field]) => {
      const actual = shown.fields[name];
      const text = typeof actual === 'object' ? JSON.stringify(actual) : actual;
      if (isText(field)) return textDifference(name, field, text);
      if (typeof actual === 'object') return exactMap(name, field as Readonly<Record<string, Text>>, actual);
      return [{ field: name, expected: JSON.stringify(field), actual: text }];
    }),
  ];
}

/** Keeps the longest run of records that came as expected, so that one that is missing does not make all others wrong. */
function mismatchesOf(expected: readonly ExpectedRecord[], actual: readonly Shown[]): Mismatch[] {
  const same = expected.map((one) => actual.map((shown) => differencesOf(one, shown).length === 0));
  const length = Array.from({ length: expected.length + 1 }, () => new Uint32Array(actual.length + 1));
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = actual.length - 1; j >= 0; j--) {
      length[i]![j] = same[i]![j] ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!);
    }
  }
  const mismatches: Mismatch[] = [];
  let [i, j] = [0, 0];
  while (i < expected.length || j < actual.length) {
    if (same[i]?.[j]) {
      i++;
      j++;
      continue;
    }
    // Up to the next one that is as expected, those that came are taken for those that should have come.
    const missing: number[] = [];
    const others: Shown[] = [];
    while ((i < expected.length || j < actual.length) && !same[i]?.[j]) {
      if (j >= actual.length || (i < expected.length && length[i + 1]![j]! >= length[i]![j + 1]!)) missing.push(i++);
      else others.push(actual[j++]!);
    }
    for (const index of missing) {
      const shown = others.shift();
      const one = expected[index]!;
      mismatches.push({
        index,
        expected: one,
        ...(shown && { actual: shown }),
        differences: shown ? differencesOf(one, shown) : [],
      });
    }
    for (const shown of others) mismatches.push({ actual: shown });
  }
  return mismatches;
}

function textDifference(field: string, expected: Text, actual: string | undefined): Difference[] {
  if (fits(expected, actual)) return [];
  return [{ field, expected: textOf(expected), actual: actual === undefined ? undefined : quoted(actual) }];
}

function fits(expected: Text, actual: string | undefined): boolean {
  if (typeof expected === 'string') return actual === expected;
  if (expected === null) return actual === undefined;
  return (
    (expected.contains === undefined || [expected.contains].flat().every((part) => actual?.includes(part))) &&
    (expected.matches === undefined || (actual !== undefined && expected.matches.test(actual)))
  );
}

/** Those that are named have to be as expected, and there may be more. */
function mapDifferences(
  field: string,
  expected: Readonly<Record<string, Text>>,
  actual: Readonly<Record<string, string>>,
): Difference[] {
  return Object.entries(expected).flatMap(([name, text]) => textDifference(`${field}.${name}`, text, actual[name]));
}

function exactMap(
  field: string,
  expected: Readonly<Record<string, Text>>,
  actual: Readonly<Record<string, string>>,
): Difference[] {
  const more = Object.keys(actual).filter((name) => !Object.hasOwn(expected, name));
  return [
    ...mapDifferences(field, expected, actual),
    ...more.flatMap((name) => textDifference(`${field}.${name}`, null, actual[name])),
  ];
}

/** Whether it says something of one text, not of a map of them. */
function isText(field: unknown): field is Text {
  if (typeof field !== 'object' || field === null) return true;
  return Object.keys(field).every((key) => key === 'contains' || key === 'matches') && Object.keys(field).length > 0;
}

/** A field of a record, as it came or as it is expected. */
export function fieldText(field: unknown): string {
  return isText(field) ? textOf(field) : JSON.stringify(field);
}

function textOf(text: Text): string {
  if (typeof text === 'string') return quoted(text);
  return text === null ? '(none)' : partOf(text);
}

export function partOf({ contains, matches }: Part): string {
  const parts = [contains].flat().filter((part) => part !== undefined);
  return [...parts.map((part) => `contains ${quoted(part)}`), ...(matches ? [`matches ${matches}`] : [])].join(', ');
}

function jsonDifferences(expected: unknown, text: string): Difference[] {
  try {
    return partDifferences('json', expected, JSON.parse(text));
  } catch {
    return [{ field: 'json', expected: JSON.stringify(expected), actual: `${quoted(text)}, which is not JSON` }];
  }
}

/** Of maps what is named, of lists everything. */
function partDifferences(field: string, expected: unknown, actual: unknown): Difference[] {
  if (isMap(expected) && isMap(actual)) {
    return Object.entries(expected).flatMap(([name, one]) => partDifferences(`${field}.${name}`, one, actual[name]));
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((one, index) => partDifferences(`${field}[${index}]`, one, actual[index]));
  }
  if (Object.is(expected, actual)) return [];
  return [
    { field, expected: JSON.stringify(expected), actual: actual === undefined ? undefined : JSON.stringify(actual) },
  ];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
