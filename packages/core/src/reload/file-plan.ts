import type { LogcatchError, Plan } from '@logcatch/plugin-api';
import {
  type Desired,
  diff,
  isEmpty,
  needsRestart,
  type Renamed,
  renamedInputs,
  type Waiting,
} from '../config/index.ts';

/** What a running agent would do with a version of its file. */
export type FilePlan =
  | { readonly result: 'unchanged'; readonly refused: readonly string[] }
  | {
      readonly result: 'changes';
      readonly plan: Plan;
      readonly renamed: readonly Renamed[];
      /** What would begin to wait for a value of these sources. */
      readonly waiting: readonly Pick<Waiting, 'id' | 'sources'>[];
      /** What is wrong with the newest values of sources; the ones before them are in effect. */
      readonly refused: readonly string[];
    }
  /** Each error as one line, without secrets. */
  | { readonly result: 'refused'; readonly errors: readonly string[] };

/** @param values what is wrong with the newest values of the sources */
export function filePlan(current: Desired, next: Desired, values: readonly LogcatchError[]): FilePlan {
  const errors = needsRestart(current, next);
  if (errors.length > 0) return refusedPlan(errors);
  const plan = diff(current, next);
  const waits = new Set(current.waiting.map(({ id }) => id));
  const waiting = next.waiting.filter(({ id }) => !waits.has(id)).map(({ id, sources }) => ({ id, sources }));
  const refused = values.map((error) => error.describe());
  return isEmpty(plan) && waiting.length === 0
    ? { result: 'unchanged', refused }
    : { result: 'changes', plan, renamed: renamedInputs(current, next), waiting, refused };
}

export function refusedPlan(errors: readonly LogcatchError[]): FilePlan {
  return { result: 'refused', errors: errors.map((error) => error.describe()) };
}
