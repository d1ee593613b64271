import type { ComponentContext } from '@logcatch/plugin-api';
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
  readonly #failures = new Map<string, Trouble>();
  #told: string | null = null;
  #causesTold = '';
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  #closed = false;

  constructor(context: Pick<ComponentContext, 'degraded'>) {
    this.#context = context;
  }

  set(name: string, failure: SendFailure): void {
    this.#failures.set(name, { failure, since: this.#failures.get(name)?.since ?? new Date() });
    this.#tellSoon();
  }

  clear(name: string): void {
    if (this.#failures.delete(name)) this.#tellSoon();
  }

  /** Says nothing more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #tellSoon(): void {
    if (this.#closed) return;
    const delay = causesOf(this.#failures) === this.#causesTold ? namesMs : newsMs;
    const due = performance.now() + delay;
    if (this.#timer && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#tell(), delay);
  }

  #tell(): void {
    this.#timer = undefined;
    const reason = describe(this.#failures);
    this.#causesTold = causesOf(this.#failures);
    if (reason === this.#told) return;
    this.#told = reason;
    if (reason === null) {
      this.#context.degraded(null);
      return;
    }
    const failures = [...this.#failures.values()].map(({ failure }) => failure);
    const hints = new Set(failures.map(({ hint }) => hint).filter((hint) => hint !== undefined));
    this.#context.degraded(reason, [...hints].slice(0, namesShown).join(' ') || undefined);
  }
}

function causesOf(failures: ReadonlyMap<string, Trouble>): string {
  return [...new Set([...failures.values()].map(causeOf))].sort().join('; ');
}

function causeOf({ failure }: Trouble): string {
  return `${failure.code} ${failure.message}`;
}

/** One text for all failures: the same cause is said once, with whom it concerns. */
export function describe(failures: ReadonlyMap<string, Trouble>): string | null {
  if (failures.size === 0) return null;
  const byCause = Map.groupBy(failures, ([, trouble]) => causeOf(trouble));
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
