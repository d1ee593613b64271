import { isDeepStrictEqual } from 'node:util';
import type { LogcatchError, Plan } from '@logcatch/plugin-api';
import { type Desired, type DesiredSource, diff, isEmpty, needsRestart, type Waiting } from './config/index.ts';

/** What a running agent would do with a version of its file. */
export type FilePlan =
  | { readonly result: 'unchanged' }
  | {
      readonly result: 'changes';
      readonly plan: Plan;
      /** Names of configuration sources. */
      readonly sources: { readonly add: string[]; readonly change: string[]; readonly remove: string[] };
      /** Top-level keys that take effect at once. */
      readonly settings: readonly string[];
      /** What would begin to wait for a value of these sources. */
      readonly waiting: readonly Pick<Waiting, 'id' | 'sources'>[];
    }
  /** Each error as one line, without secrets. */
  | { readonly result: 'refused'; readonly errors: readonly string[] };

export function filePlan(current: Desired, next: Desired): FilePlan {
  const errors = needsRestart(current, next);
  if (errors.length > 0) return refusedPlan(errors);
  const plan = diff(current, next);
  const before = new Map(current.sources.map((source) => [source.name, source]));
  const after = new Map(next.sources.map((source) => [source.name, source]));
  const sources = {
    add: [...after.keys()].filter((name) => !before.has(name)),
    change: next.sources.filter((source) => differs(before.get(source.name), source)).map(({ name }) => name),
    remove: [...before.keys()].filter((name) => !after.has(name)),
  };
  const settings = [
    ...(current.shutdownTimeout === next.shutdownTimeout ? [] : ['shutdown_timeout']),
    ...(current.maxBytes === next.maxBytes ? [] : ['max_bytes']),
  ];
  const waits = new Set(current.waiting.map(({ id }) => id));
  const waiting = next.waiting.filter(({ id }) => !waits.has(id)).map(({ id, sources }) => ({ id, sources }));
  const nothing =
    isEmpty(plan) &&
    Object.values(sources).every((names) => names.length === 0) &&
    settings.length + waiting.length === 0;
  return nothing ? { result: 'unchanged' } : { result: 'changes', plan, sources, settings, waiting };
}

export function refusedPlan(errors: readonly LogcatchError[]): FilePlan {
  return { result: 'refused', errors: errors.map((error) => error.describe()) };
}

function differs(before: DesiredSource | undefined, after: DesiredSource): boolean {
  if (!before) return false;
  return (
    before.type !== after.type ||
    before.maxEntries !== after.maxEntries ||
    !isDeepStrictEqual(before.resolved, after.resolved)
  );
}
