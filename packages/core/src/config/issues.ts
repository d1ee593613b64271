import type { z } from '@logcatch/plugin-api';
import type { KeyPath } from './problem.ts';
import { either, quote } from './wording.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** What is wrong with a value, at the deepest place that says it best. */
export interface Finding {
  readonly path: KeyPath;
  /** `expected`: the message says what was; `key`: the last segment of the path is unknown; `other`: the message says all. */
  readonly kind: 'expected' | 'key' | 'other';
  readonly message: string;
  /** The texts that would have been right, to find the nearest. */
  readonly texts?: readonly string[];
  /** What the schema's author attached to the issue. */
  readonly params?: Readonly<Record<string, unknown>>;
}

const prefix = 'expected ';

const types: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  map: 'a map',
  array: 'a list',
  tuple: 'a list',
  set: 'a list',
  null: 'nothing',
  undefined: 'nothing',
  never: 'nothing',
};

/** Zod's error map: `expected a number`, in words of the pipeline file. Messages of the schema's author come before it. */
export function expectation(issue: RawIssue): string {
  return `${prefix}${expected(issue)}`;
}

/** What a message says was expected, or `undefined` where a schema's author wrote it. */
export function expectedIn(message: string): string | undefined {
  return message.startsWith(prefix) ? message.slice(prefix.length) : undefined;
}

function expected(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return types[issue.expected] ?? `a ${issue.expected}`;
    case 'invalid_value':
      return either(issue.values.map((value) => (typeof value === 'string' ? quote(value) : String(value))));
    case 'too_small':
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `text that matches ${issue.pattern}` : `text in the format ${issue.format}`;
    default:
      return 'another value';
  }
}

/** Flattens Zod's issues. Of a union, the branch that fits the value best speaks. */
export function findings(issues: readonly Issue[], base: KeyPath = []): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const path = [...base, ...pathOf(issue)];
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({ path: [...path, key], kind: 'key', message: '' }));
      case 'invalid_union':
        return union(issue, path);
      case 'invalid_key': {
        const why = findings(issue.issues).map(({ message }) => message);
        return [{ path, kind: 'other', message: `the key does not fit: ${why.join(', ')}` }];
      }
      case 'invalid_element':
        return findings(issue.issues, path);
      case 'custom':
        return [{ path, kind: 'other', message: issue.message, ...(issue.params ? { params: issue.params } : {}) }];
      case 'invalid_value': {
        const texts = issue.values.filter((value) => typeof value === 'string');
        return [{ path, kind: 'expected', message: issue.message, texts }];
      }
      default:
        return [{ path, kind: 'expected', message: issue.message }];
    }
  });
}

/** Every issue, those of all branches of unions too, with its whole path. */
export function* everyIssue(issues: readonly Issue[], base: KeyPath = []): Generator<{ issue: Issue; path: KeyPath }> {
  for (const issue of issues) {
    const path = [...base, ...pathOf(issue)];
    yield { issue, path };
    if (issue.code === 'invalid_union') for (const branch of issue.errors) yield* everyIssue(branch, path);
  }
}

function union(issue: z.core.$ZodIssueInvalidUnion, path: KeyPath): Finding[] {
  const branches = issue.errors.filter((branch) => branch.length > 0);
  if (branches.length === 0) {
    const texts = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    const message = `${prefix}${texts.length > 0 ? either(texts.map(quote)) : 'another value'}`;
    return [{ path, kind: 'expected', message, texts }];
  }
  const fitting = branches.filter((branch) => !branch.some(isMismatch));
  if (fitting.length > 0) {
    return findings(
      fitting.reduce((best, branch) => (branch.length < best.length ? branch : best)),
      path,
    );
  }
  if (expectedIn(issue.message) === undefined) return [{ path, kind: 'other', message: issue.message }];
  // None takes a value of this type: say all that they would have taken.
  const all = branches.flatMap((branch) => findings(branch.filter(isMismatch), path));
  return [
    {
      path,
      kind: 'expected',
      message: `${prefix}${either([...new Set(all.map(({ message }) => expectedIn(message) ?? message))])}`,
      texts: all.flatMap((finding) => finding.texts ?? []),
    },
  ];
}

/** Whether it says that the value as a whole is of a kind that is not taken here. */
function isMismatch(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isMismatch));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function bound(origin: string, comparison: string, limit: number | bigint): string {
  switch (origin) {
    case 'string':
      return limit === 1 && comparison === 'at least' ? 'text that is not empty' : `${comparison} ${limit} characters`;
    case 'array':
    case 'set':
      return `${comparison} ${limit} ${Number(limit) === 1 ? 'entry' : 'entries'}`;
    case 'object':
    case 'map':
    case 'record':
      return `${comparison} ${limit} ${Number(limit) === 1 ? 'key' : 'keys'}`;
    default:
      return `${comparison} ${limit}`;
  }
}

function pathOf(issue: Issue): KeyPath {
  return issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
}
