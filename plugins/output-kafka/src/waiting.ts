import { type Part, type Slice, wholeSlices } from './slice.ts';

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
  /** Slices that were withdrawn while records of theirs were on their way, and why. */
  readonly #unwanted = new Map<Slice, unknown>();
  #limit: number;
  #bytes = 0;

  /**
   * @param linger longest wait for more records, in ms
   * @param limit largest record batch, in bytes
   */
  constructor(linger: number, limit: number) {
    this.#linger = linger;
    this.#limit = limit;
  }

  /** Largest record batch now, in bytes. */
  get limit(): number {
    return this.#limit;
  }

  /** A record batch of so many bytes is too large. */
  shrink(bytes: number): void {
    this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, bytes) / 2));
  }

  /** Whether there are records, but not enough for a record batch. */
  get filling(): boolean {
    return !this.empty && this.#bytes < this.#limit;
  }

  get empty(): boolean {
    return this.#again.length === 0 && this.#entries.length === 0;
  }

  /** Bytes of what was pushed, about. */
  get bytes(): number {
    return this.#bytes;
  }

  push(slice: Slice): void {
    const { count, size } = slice.batch;
    if (count === 0) return;
    const due = performance.now() + this.#linger;
    this.#entries.push({ part: { slice, from: 0, to: count }, bytesPerRecord: size / count, due });
    this.#bytes += size;
  }

  /** These groups go before everything else, each as a record batch of its own; what was withdrawn is given back. */
  putBack(groups: readonly (readonly Part[])[]): void {
    const wanted = groups.map((group) => group.filter(({ slice }) => !this.#unwanted.has(slice)));
    this.#again.unshift(...wanted.filter((group) => group.length > 0));
    for (const { slice, from, to } of groups.flat()) {
      if (this.#unwanted.has(slice)) slice.returned(from, to, this.#unwanted.get(slice));
    }
    this.landed();
  }

  /** Nothing is on its way. */
  landed(): void {
    this.#unwanted.clear();
  }

  /** Gives back what waits of this slice. @param sent whether records of it are on their way, to be given back if they come back */
  withdraw(slice: Slice, sent: boolean, reason: unknown): void {
    if (sent) this.#unwanted.set(slice, reason);
    for (const { from, to } of this.#remove(new Set([slice]))) slice.returned(from, to, reason);
  }

  /** Takes out the slices that can be given back so that nothing of their write is left. */
  takeWhole(): Slice[] {
    const slices = wholeSlices(this.#parts).filter(({ alone }) => alone);
    this.#remove(new Set(slices));
    return slices;
  }

  /** How long until a record batch must go, in ms: 0 when it is time, `undefined` when there is nothing. */
  get due(): number | undefined {
    if (this.#again.length > 0) return 0;
    const first = this.#entries[0];
    if (!first) return undefined;
    return this.#bytes >= this.#limit ? 0 : Math.max(0, first.due - performance.now());
  }

  /** Takes from the head as long as `accept` takes whole parts; it returns the first index that it did not take. */
  take(accept: (part: Part) => number): Part[] {
    const again = this.#again[0];
    const taken: Part[] = [];
    const source = again ?? this.#entries.values().map(({ part }) => part);
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

  get #parts(): Part[] {
    return [...this.#again.flat(), ...this.#entries.map(({ part }) => part)];
  }

  #remove(slices: ReadonlySet<Slice>): Part[] {
    const removed: Part[] = [];
    const groups = this.#again.map((group) => group.filter((part) => !slices.has(part.slice) || !removed.push(part)));
    this.#again.splice(0, this.#again.length, ...groups.filter((group) => group.length > 0));
    const kept = this.#entries.filter((entry) => {
      if (!slices.has(entry.part.slice)) return true;
      removed.push(entry.part);
      this.#bytes -= (entry.part.to - entry.part.from) * entry.bytesPerRecord;
      return false;
    });
    this.#entries.splice(0, this.#entries.length, ...kept);
    return removed;
  }

  /** Takes out everything, in order. */
  clear(): Part[] {
    const parts = this.#parts;
    this.#again.length = 0;
    this.#entries.length = 0;
    this.#bytes = 0;
    return parts;
  }
}
