import type { Source } from '@logcatch/plugin-api';
import type { Tail } from './tail.ts';

/** The tails of an input, by file and by source. */
export class Tails implements Iterable<Tail> {
  readonly #byFile = new Map<string, Tail>();
  readonly #bySource = new Map<number, Tail>();
  /** The newest tail of each path that one was found at. */
  readonly #byOrigin = new Map<string, Tail>();
  /** Files that are being closed. */
  readonly #ending = new Set<Promise<void>>();
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

  /** The newest one that was found at a path; it may be elsewhere by now. */
  at(path: string): Tail | undefined {
    return this.#byOrigin.get(path);
  }

  of(source: Pick<Source, 'key'>): Tail | undefined {
    return this.#bySource.get(source.key);
  }

  /**
   * Of two that were found at one path the later one is read after the earlier one: files take turns, lines of a log do not.
   * Returns the earlier one.
   */
  add(tail: Tail): Tail | undefined {
    const before = this.#byOrigin.get(tail.origin);
    if (before) tail.follow(before);
    this.#byOrigin.set(tail.origin, tail);
    this.#byFile.set(tail.key, tail);
    this.#bySource.set(tail.source.key, tail);
    this.#list = undefined;
    return before;
  }

  /** The tail goes on as another source than before. */
  resourced(tail: Tail, before: Source): void {
    this.#bySource.delete(before.key);
    this.#bySource.set(tail.source.key, tail);
  }

  /** It is no more: its file is closed. @param failed called where that fails */
  end(tail: Tail, failed: (error: unknown) => void): void {
    if (this.#byOrigin.get(tail.origin) === tail) {
      // One before it may still be read: the next one at its path comes after that.
      if (tail.earlier) this.#byOrigin.set(tail.origin, tail.earlier);
      else this.#byOrigin.delete(tail.origin);
    }
    this.#byFile.delete(tail.key);
    this.#bySource.delete(tail.source.key);
    this.#list = undefined;
    const ended = tail
      .close()
      .catch(failed)
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** Closes all. */
  async close(): Promise<void> {
    const { list } = this;
    this.#byFile.clear();
    this.#bySource.clear();
    this.#byOrigin.clear();
    this.#list = undefined;
    await Promise.all([...list.map((tail) => tail.close()), ...this.#ending]);
  }
}
