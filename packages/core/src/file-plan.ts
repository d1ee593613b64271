import type { LogcatchError, Plan } from '@logcatch/plugin-api';
import { type Desired, diff, isEmpty, needsRestart, type Waiting } from './config/index.ts';

/** What a running agent would do with a version of its file. */
export type FilePlan =
  | { readonly result: 'unchanged' }
  | {
      readonly result: 'changes';
      readonly plan: Plan;
      /** What would begin to wait for a value of these sources. */
      readonly waiting: readonly Pick<Waiting, 'id' | 'sources'>[];
    }
  /** Each error as one line, without secrets. */
  | { readonly result: 'refused'; readonly errors: readonly string[] };

export function filePlan(current: Desired, next: Desired): FilePlan {
  const errors = needsRestart(current, next);
  if (errors.length > 0) return refusedPlan(errors);
  const plan = diff(current, next);
  const waits = new Set(current.waiting.map(({ id }) => id));
  const waiting = next.waiting.filter(({ id }) => !waits.has(id)).map(({ id, sources }) => ({ id, sources }));
  return isEmpty(plan) && waiting.length === 0 ? { result: 'unchanged' } : { result: 'changes', plan, waiting };
}

export function refusedPlan(errors: readonly LogcatchError[]): FilePlan {
  return { result: 'refused', errors: errors.map((error) => error.describe()) };
}
