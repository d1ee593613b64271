import type { Part, Slice } from './slice.ts';

interface Entry {
  part: Part;
  readonly bytesPerRecord: number;
  /** When it must go, by `performance.now()`. */
  readonly due: number;
}

/** What waits in a lane, in order. What was put back comes first, in the groups in which it was put back. */
export class Waiting {
  readonly #linger: number;
  readonly #again: Part[][] = [];
  readonly #entries: Entry[] = [];
  #bytes = 0;

  /** @param linger in ms */
  constructor(linger: number) {
    this.#linger = linger;
  }

  get empty(): boolean {
    return this.#again.length === 0 && this.#entries.length === 0;
  }

  /** Bytes of what was pushed, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All of it, in order. */
  get parts(): Part[] {
    return [...this.#again.flat(), ...this.#entries.map(({ part }) => part)];
  }

  push(slice: Slice): void {
    const { count, size } = slice.batch;
    if (count === 0) return;
    const due = performance.now() + this.#linger;
    this.#entries.push({ part: { slice, from: 0, to: count }, bytesPerRecord: size / count, due });
    this.#bytes += size;
  }

  /** These go before everything else, as a record batch of their own. */
  putBack(parts: readonly Part[]): void {
    if (parts.length > 0) this.#again.unshift([...parts]);
  }

  /** How long until a record batch must go, in ms: 0 when it is time, `undefined` when there is nothing. */
  due(limit: number): number | undefined {
    if (this.#again.length > 0) return 0;
    const first = this.#entries[0];
    if (!first) return undefined;
    return this.#bytes >= limit ? 0 : Math.max(0, first.due - performance.now());
  }

  /** Takes from the head as long as `accept` takes whole parts; it returns the first index that it did not take. */
  take(accept: (part: Part) => number): Part[] {
    const again = this.#again[0];
    const taken: Part[] = [];
    const source = again ?? this.#entries.map(({ part }) => part);
    let whole = 0;
    let rest: Part | undefined;
    for (const part of source) {
      const end = accept(part);
      if (end > part.from) taken.push({ ...part, to: end });
      if (end < part.to) {
        rest = { ...part, from: end };
        break;
      }
      whole++;
    }
    if (again) this.#keepAgain(again, whole, rest);
    else this.#keepEntries(whole, rest);
    return taken;
  }

  #keepAgain(again: Part[], whole: number, rest: Part | undefined): void {
    again.splice(0, whole);
    if (rest) again[0] = rest;
    if (again.length === 0) this.#again.shift();
  }

  #keepEntries(whole: number, rest: Part | undefined): void {
    for (const { part, bytesPerRecord } of this.#entries.splice(0, whole)) {
      this.#bytes -= (part.to - part.from) * bytesPerRecord;
    }
    const head = this.#entries[0];
    if (head && rest) {
      this.#bytes -= (rest.from - head.part.from) * head.bytesPerRecord;
      head.part = rest;
    }
    if (this.#entries.length === 0) this.#bytes = 0;
  }

  /** Takes out what waits of this slice. */
  remove(slice: Slice): Part[] {
    const removed: Part[] = [];
    const groups = this.#again.map((group) => group.filter((part) => part.slice !== slice || !removed.push(part)));
    this.#again.splice(0, this.#again.length, ...groups.filter((group) => group.length > 0));
    const kept = this.#entries.filter((entry) => {
      if (entry.part.slice !== slice) return true;
      removed.push(entry.part);
      this.#bytes -= (entry.part.to - entry.part.from) * entry.bytesPerRecord;
      return false;
    });
    this.#entries.splice(0, this.#entries.length, ...kept);
    return removed;
  }

  /** Takes out everything, in order. */
  clear(): Part[] {
    const { parts } = this;
    this.#again.length = 0;
    this.#entries.length = 0;
    this.#bytes = 0;
    return parts;
  }
}
