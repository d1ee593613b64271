import { randomUUID } from 'node:crypto';
import { markOf, type Writer } from './positions.ts';

/**
 * What this life of an agent, from its start to its end, leaves beside its positions, so that another agent with its id can be
 * told from itself. Who comes later stays: a life that was shut out never takes over again, for it has sources open of which
 * the other one has positions under keys of its own.
 */
export class Marks {
  readonly own = JSON.stringify({ version: 1, life: randomUUID() });
  /** By key, what stood there when this life took over first. */
  readonly #found = new Map<string, string | undefined>();
  readonly #lost = new Set<string>();

  /** Whether this life has taken over before. */
  known(writer: Writer): boolean {
    return this.#found.has(markOf(writer));
  }

  /** Whether no other life can have committed since this one took over. */
  ours(writer: Writer, stored: ReadonlyMap<string, string>): boolean {
    const key = markOf(writer);
    const mark = stored.get(key);
    if (this.#lost.has(key)) return false;
    return !this.known(writer) || mark === undefined || mark === this.own || mark === this.#found.get(key);
  }

  /** It has taken over, where this is stored. */
  took(writer: Writer, stored: ReadonlyMap<string, string>): void {
    const key = markOf(writer);
    if (!this.known(writer)) this.#found.set(key, stored.get(key));
  }

  /** It was shut out. */
  lost(writer: Writer): void {
    this.#lost.add(markOf(writer));
  }
}
