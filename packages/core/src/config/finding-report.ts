import { type ErrorCode, errorTable, type Origin, type z } from '@logcatch/plugin-api';
import { expectedIn, type Finding } from './issues.ts';
import type { KeyPath, Problems } from './problem.ts';
import { viewOf } from './schema-view.ts';
import { found, keyOriginAt, kindOf, type MapValue, through, valueAt } from './value.ts';
import { didYouMean, listed, nearest, quote } from './wording.ts';

/** How options are read and how problems with them are told. */
export interface Reading {
  /** Where the options stand in the document. */
  readonly path: KeyPath;
  /** Where a person would add an option. */
  readonly origin: Origin;
  readonly problems: Problems;
  /** Keys that are valid beside those of the schema, for suggestions. */
  readonly alsoKnown?: readonly string[];
  /** What to do about a value that does not fit. */
  readonly hint: string;
  /** Says more about an unknown key, where something is known. */
  explainKey?(key: string): string | undefined;
}

/** The options that something was found in. */
export interface Examined {
  readonly schema: z.ZodType;
  readonly value: MapValue;
  readonly reading: Reading;
}

/** Reports what a schema found, in words of the pipeline file and at its place there. */
export function reportFinding(finding: Finding, examined: Examined): void {
  if (finding.kind === 'key') reportKey(finding, examined);
  else if (finding.kind === 'other') reportOther(finding, examined);
  else if (finding.path.length > 0 && valueAt(examined.value, finding.path) === undefined)
    reportMissing(finding, examined);
  else reportValue(finding, examined);
}

function reportKey({ path }: Finding, { schema, value, reading }: Examined): void {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const top = parent.length === 0;
  const keys = [...viewOf(schema).keysAt(parent), ...(top ? (reading.alsoKnown ?? []) : [])];
  const explained = top ? reading.explainKey?.(key) : undefined;
  reading.problems.add({
    code: 'LC_CONFIG_UNKNOWN_KEY',
    path: [...reading.path, ...path],
    origin: keyOriginAt(value, path),
    message: explained ?? `unknown key ${quote(key)}${didYouMean(key, keys)}`,
    hint: explained === undefined && nearest(key, keys) === undefined ? listed('Valid keys', keys.toSorted()) : '',
  });
}

/** What a check of the schema's author says. `params: { code }` gives it another code than LC_CONFIG_VALUE. */
function reportOther({ path, message, params }: Finding, { value, reading }: Examined): void {
  const at = valueAt(value, path);
  const own = params?.code;
  const code = typeof own === 'string' && Object.hasOwn(errorTable, own) ? (own as ErrorCode) : 'LC_CONFIG_VALUE';
  reading.problems.add({
    code,
    path: [...reading.path, ...path],
    origin: path.length === 0 || at === undefined ? placeOf(path.slice(0, -1), value, reading) : at.origin,
    message: `${message}${through(at)}`,
    ...(code === 'LC_CONFIG_VALUE' ? { hint: reading.hint } : {}),
  });
}

function reportMissing({ path, message }: Finding, { value, reading }: Examined): void {
  const takes = expectedIn(message);
  reading.problems.add({
    code: 'LC_CONFIG_VALUE',
    path: [...reading.path, ...path],
    origin: placeOf(path.slice(0, -1), value, reading),
    message: `${quote(String(path.at(-1)))} is missing; ${takes === undefined ? message : `it takes ${takes}`}`,
    hint: reading.hint,
  });
}

function reportValue({ path, message, texts }: Finding, { schema, value, reading }: Examined): void {
  const at = valueAt(value, path);
  const secret = viewOf(schema).isSecret(path);
  const scalar = at?.kind === 'scalar' && !secret ? at.scalar : undefined;
  const got = secret ? `${kindOf(at)}${through(at)} (hidden: it is a secret)` : found(at);
  const meant = typeof scalar === 'string' ? didYouMean(scalar, texts ?? []) : '';
  const alternatives = expectedIn(message)?.split(/, | or /) ?? [];
  const unquoted = alternatives.includes('text') && (typeof scalar === 'number' || typeof scalar === 'boolean');
  reading.problems.add({
    code: 'LC_CONFIG_VALUE',
    path: [...reading.path, ...path],
    origin: at?.origin ?? value.origin,
    message: `${message}, got ${got}${meant}`,
    hint: unquoted && at?.via === undefined ? `Put it in quotes: "${scalar}".` : reading.hint,
  });
}

/** The key of a map within the options, or of the component that they belong to. */
function placeOf(path: KeyPath, value: MapValue, reading: Reading): Origin {
  return path.length === 0 ? reading.origin : keyOriginAt(value, path);
}
