import type { Plan, ReloadOutcome } from '@logcatch/plugin-api';
import { planLine } from './plan-line.ts';

/** How one change of the configuration ended. */
export interface ConfigurationChange {
  /** From 1, since the agent started. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What was new: `the file`, names of sources. */
  readonly what: string;
  readonly result: 'applied' | 'refused' | 'rolled back';
  /** What was refused is valid again, and as it was before. */
  readonly mended?: true;
  /** Where it was applied. */
  readonly plan?: Plan;
  /** Where it was not: each as one line, without secrets. */
  readonly errors?: readonly string[];
}

/** A change in a few words, however much it changed. */
export interface ChangeNote extends Omit<ConfigurationChange, 'plan'> {
  /** What it did, where it was applied. */
  readonly did?: string;
}

const mostNotes = 10;
/** Components of one verb, and errors, that a note names. */
const mostNamed = 3;

/** Counts the changes of the configuration by how they ended, and knows the last ones. */
export class ConfigurationChanges {
  readonly #counts: Record<ConfigurationChange['result'], number> = { applied: 0, refused: 0, 'rolled back': 0 };
  #last: ConfigurationChange | undefined;
  #notes: readonly ChangeNote[] = [];

  get count(): number {
    const { applied, refused, 'rolled back': rolledBack } = this.#counts;
    return applied + refused + rolledBack;
  }

  get counts(): Readonly<Record<ConfigurationChange['result'], number>> {
    return this.#counts;
  }

  get last(): ConfigurationChange | undefined {
    return this.#last;
  }

  /** The last ten, the newest first. */
  get recent(): readonly ChangeNote[] {
    return this.#notes;
  }

  /** What the last change was refused for is there no more. */
  mended(): void {
    if (!this.#last || this.#last.result === 'applied') return;
    this.#last = { ...this.#last, mended: true };
    const [last, ...others] = this.#notes;
    this.#notes = [{ ...last!, mended: true }, ...others];
  }

  /** @returns its number */
  add(outcome: Exclude<ReloadOutcome, { result: 'unchanged' }>, what: string): number {
    this.#counts[outcome.result]++;
    const number = this.count;
    const known = { number, at: Date.now(), what };
    this.#last =
      outcome.result === 'applied'
        ? { ...known, result: outcome.result, plan: outcome.plan }
        : { ...known, result: outcome.result, errors: outcome.errors.map((error) => error.describe()) };
    this.#notes = [noteOf(this.#last), ...this.#notes].slice(0, mostNotes);
    return number;
  }
}

function noteOf({ plan, errors, ...change }: ConfigurationChange): ChangeNote {
  return {
    ...change,
    ...(plan && { did: planLine(plan, mostNamed) }),
    ...(errors && { errors: errors.slice(0, mostNamed) }),
  };
}
