import type { Source } from '@logcatch/plugin-api';
import type { Tail } from './tail.ts';

/** The tails of an input, by file and by source. */
export class Tails implements Iterable<Tail> {
  readonly #byFile = new Map<string, Tail>();
  readonly #bySource = new Map<number, Tail>();
  #list: readonly Tail[] | undefined;

  [Symbol.iterator](): Iterator<Tail> {
    return this.#byFile.values();
  }

  /** In the order in which they came. */
  get list(): readonly Tail[] {
    this.#list ??= [...this.#byFile.values()];
    return this.#list;
  }

  /** @param key see `fileKey` */
  ofFile(key: string): Tail | undefined {
    return this.#byFile.get(key);
  }

  of(source: Source): Tail | undefined {
    return this.#bySource.get(source.key);
  }

  add(tail: Tail): void {
    this.#byFile.set(tail.key, tail);
    this.#bySource.set(tail.source.key, tail);
    this.#list = undefined;
  }

  /** The tail goes on as another source than before. */
  resourced(tail: Tail, before: Source): void {
    this.#bySource.delete(before.key);
    this.#bySource.set(tail.source.key, tail);
  }

  delete(tail: Tail): void {
    this.#byFile.delete(tail.key);
    this.#bySource.delete(tail.source.key);
    this.#list = undefined;
  }

  /** Closes all. */
  async close(): Promise<void> {
    const { list } = this;
    this.#byFile.clear();
    this.#bySource.clear();
    this.#list = undefined;
    await Promise.all(list.map((tail) => tail.close()));
  }
}
