import { type ComponentContext, errorTable } from '@logcatch/plugin-api';
import type { SendFailure } from './failure.ts';

/** How long news are gathered before they are told, in ms: an outage concerns every lane within moments. */
const newsMs = 100;
/** When only the lanes concerned have changed, people are told after this long, in ms. */
const namesMs = 5000;
const namesShown = 3;

/** What is wrong with one topic or partition, and since when. */
export interface Trouble {
  readonly failure: SendFailure;
  readonly since: Date;
}

/**
 * What is wrong now, by topic (`logs`) or topic-partition (`logs-0`), told to people as one reason: the output has one
 * status, however many lanes it has.
 */
export class Troubles {
  readonly #context: Pick<ComponentContext, 'degraded'>;
  readonly #troubles = new Map<string, Trouble>();
  /** How many there are of each cause. */
  readonly #causes = new Map<string, number>();
  #told: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  #closed = false;

  constructor(context: Pick<ComponentContext, 'degraded'>) {
    this.#context = context;
  }

  set(name: string, failure: SendFailure): void {
    const before = this.#troubles.get(name);
    const after = { failure, since: before?.since ?? new Date() };
    this.#troubles.set(name, after);
    this.#changed(before, after);
  }

  clear(name: string): void {
    const before = this.#troubles.get(name);
    if (this.#troubles.delete(name)) this.#changed(before, undefined);
  }

  /** Says nothing more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #changed(before: Trouble | undefined, after: Trouble | undefined): void {
    const come = after !== undefined && this.#count(after, 1) === 1;
    const gone = before !== undefined && this.#count(before, -1) === 0;
    this.#tellIn(come || gone ? newsMs : namesMs);
  }

  /** @returns how many there are of its cause then */
  #count(trouble: Trouble, more: number): number {
    const cause = causeOf(trouble);
    const count = (this.#causes.get(cause) ?? 0) + more;
    if (count > 0) this.#causes.set(cause, count);
    else this.#causes.delete(cause);
    return count;
  }

  #tellIn(delay: number): void {
    if (this.#closed) return;
    const due = performance.now() + delay;
    if (this.#timer && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#tell(), delay);
  }

  #tell(): void {
    this.#timer = undefined;
    const reason = describe(this.#troubles);
    if (reason === this.#told) return;
    this.#told = reason;
    if (reason === null) {
      this.#context.degraded(null);
      return;
    }
    const failures = [...this.#troubles.values()].map(({ failure }) => failure);
    const hints = new Set(failures.map(({ code, hint }) => hint ?? errorTable[code].hint));
    this.#context.degraded(reason, [...hints].slice(0, namesShown).join(' '));
  }
}

function causeOf({ failure }: Trouble): string {
  return `${failure.code} ${failure.message}`;
}

/** One text for all failures: the same cause is said once, with whom it concerns. */
export function describe(troubles: ReadonlyMap<string, Trouble>): string | null {
  if (troubles.size === 0) return null;
  const byCause = Map.groupBy(troubles, ([, trouble]) => causeOf(trouble));
  const causes = [...byCause].slice(0, namesShown).map(([cause, entries]) => {
    const names = entries.map(([name]) => name).sort();
    const shown = names.slice(0, namesShown).join(', ');
    const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : '';
    const since = new Date(Math.min(...entries.map(([, { since }]) => since.getTime()))).toISOString().slice(0, 19);
    return `${cause} (waiting since ${since}Z: ${shown}${more})`;
  });
  const more = byCause.size > namesShown ? `; and ${byCause.size - namesShown} other reasons` : '';
  return causes.join('; ') + more;
}
