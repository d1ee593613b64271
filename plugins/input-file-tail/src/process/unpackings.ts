import { dirname } from 'node:path';
import type { ReadSlots } from './read-slots.ts';

export interface UnpackingParts {
  /** Those of all inputs take turns. */
  readonly slots: ReadSlots;
  /** The input stops. */
  readonly stopping: AbortSignal;
  /** Looks at a path, or at everything: what an archive holds is known. @param begins called when that look begins */
  look(path: string | undefined, begins: () => void): Promise<void>;
  /** There is one less. */
  wake(): void;
}

/**
 * Archives that are read through before they can be opened, to know what they hold: beside everything else, for it takes
 * minutes where they are large.
 */
export class Unpackings {
  readonly #parts: UnpackingParts;
  /** Until it was looked at, each by its path. */
  readonly #underWay = new Map<string, Promise<void>>();
  /** Those of them that no look that has begun can find. */
  readonly #unread = new Set<string>();
  /** How many are not read through yet. */
  #left = 0;
  readonly #started = Promise.withResolvers<void>();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(parts: UnpackingParts) {
    this.#parts = parts;
  }

  get any(): boolean {
    return this.#underWay.size > 0;
  }

  has(path: string): boolean {
    return this.#underWay.has(path);
  }

  /** One may yet be found to be the rotated form of a file in this folder. */
  beside(folder: string): boolean {
    return [...this.#underWay.keys()].some((path) => dirname(path) === folder);
  }

  /** The same, and a look at everything would not find it yet. */
  unreadBeside(folder: string): boolean {
    return [...this.#unread].some((path) => dirname(path) === folder);
  }

  /** @param read tells whether there is something to look at; never rejects */
  add(path: string, read: () => Promise<boolean>): void {
    if (this.#underWay.has(path)) return;
    this.#left++;
    this.#unread.add(path);
    this.#underWay.set(path, this.#unpack(path, read));
  }

  /** The first look is over: others may come. */
  start(): void {
    this.#started.resolve();
  }

  /** Resolves when those that are under way were looked at, or the input stops and nothing is read any more. */
  async idle(): Promise<void> {
    const { stopping } = this.#parts;
    const stopped = new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }));
    if (!stopping.aborted) await Promise.race([stopped, Promise.all(this.#underWay.values())]);
    if (stopping.aborted) await this.#reading;
  }

  async #unpack(path: string, read: () => Promise<boolean>): Promise<void> {
    const { slots, stopping, look, wake } = this.#parts;
    const done = await slots.use('backlog', async () => {
      if (stopping.aborted) return false;
      const reading = read();
      this.#reading = reading;
      return reading;
    });
    this.#left--;
    await this.#started.promise;
    const found = () => void this.#unread.delete(path);
    // With the last one comes what had to wait for all of them.
    if (done && !stopping.aborted) await look(this.#left > 0 ? path : undefined, found);
    found();
    this.#underWay.delete(path);
    wake();
  }
}
