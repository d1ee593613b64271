import { type ErrorCode, LogcatchError, type Origin } from '@logcatch/plugin-api';
import { ConfigErrors } from './errors.ts';

/** Where a value stands in a document: keys of maps, indexes of lists. */
export type KeyPath = readonly (string | number)[];

/** An error in the making. */
export interface Problem {
  readonly code: ErrorCode;
  readonly path: KeyPath;
  readonly origin: Origin;
  readonly message: string;
  /** What to do; the hint of the error table when absent. */
  readonly hint?: string;
  /** Shown at the entry of `each` that it happened with, unless it happened with all of them. */
  readonly blamesEntry?: boolean;
}

/** What went wrong with one entry of `each`. */
export interface EntryProblems {
  /** The entry's index in the list, or its key in the map. */
  readonly label: string | number;
  readonly origin: Origin;
  readonly problems: Problems;
}

/** Collects problems, so that a person sees all of them at once. */
export class Problems {
  readonly #list: Problem[] = [];

  add(problem: Problem): void {
    this.#list.push(problem);
  }

  get size(): number {
    return this.#list.length;
  }

  /**
   * Takes over what went wrong with the entries of a component's `each`. What stands at one place and happened with all of
   * several entries is the component's own fault, and is said once; the rest names its entry.
   */
  addEntries(entries: readonly EntryProblems[]): void {
    const seen = new Map<string, number>();
    const keyOf = (problem: Problem) => JSON.stringify([problem.code, problem.origin, problem.path]);
    for (const { problems } of entries) {
      for (const key of new Set(problems.#list.map(keyOf))) seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    const told = new Set<string>();
    for (const { label, origin, problems } of entries) {
      for (const problem of problems.#list) {
        const key = keyOf(problem);
        const general = entries.length > 1 && seen.get(key) === entries.length;
        if (!general) {
          const path = labelled(problem.path, label);
          this.add({ ...problem, path, origin: problem.blamesEntry ? origin : problem.origin });
        } else if (!told.has(key)) {
          told.add(key);
          // It may as well be the entries that are of another shape than was meant.
          const elsewhere = problem.blamesEntry && origin.file !== problem.origin.file;
          const where = elsewhere
            ? `${problem.message} in any of the ${entries.length} entries of ${origin.file}`
            : problem.message;
          this.add({ ...problem, message: where });
        }
      }
    }
  }

  /**
   * What was collected, in the order of the file; what has its origin elsewhere comes last.
   * @param file the `file` of the pipeline file's origins
   */
  errors(file: string): LogcatchError[] {
    return this.#list.toSorted((a, b) => compare(a.origin, b.origin, file)).map(errorOf);
  }

  /** @throws {ConfigErrors} if anything was collected */
  check(file: string): void {
    if (this.size > 0) throw new ConfigErrors(this.errors(file));
  }
}

/** `['outputs', 'kafka', 'brokers', 0]` as `outputs.kafka.brokers[0]`. */
export function keyPath(path: KeyPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (!/^[\w/@-]+$/.test(segment) || segment.length > 100) text += `[${JSON.stringify(segment.slice(0, 100))}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

/** `inputs.app.paths` as `inputs.app[2].paths`, or as `inputs.app/nginx.paths` where the entries have keys. */
function labelled(path: KeyPath, label: string | number): KeyPath {
  const [kind = '', id = '', ...rest] = path;
  return typeof label === 'number' ? [kind, id, label, ...rest] : [kind, `${id}/${label}`, ...rest];
}

function errorOf({ code, path, origin, message, hint }: Problem): LogcatchError {
  const at = keyPath(path);
  return new LogcatchError(code, message, {
    origin,
    ...(at === '' ? {} : { at }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function compare(a: Origin, b: Origin, file: string): number {
  return (
    Number(a.file !== file) - Number(b.file !== file) ||
    (a.file === b.file ? 0 : a.file.localeCompare(b.file)) ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0)
  );
}
