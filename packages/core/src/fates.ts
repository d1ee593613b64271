import type { Batch, Refused } from '@logcatch/plugin-api';
import type { Range, Tally } from './ledger.ts';

/** Reasons for a drop that are no transform's id; ids have no spaces. */
export const dropReasons = {
  /** A plugin answered `drop` when an output refused the record. */
  verdict: 'verdict drop',
  /** All that it could reach are outputs that are not required, or none. */
  unwanted: 'no required output',
} as const;

interface Passage {
  readonly transform: string;
  readonly came: Batch;
  readonly left: readonly Batch[];
}

interface Some {
  readonly batch: Batch;
  /** Indices in it. */
  readonly records: readonly number[];
}

interface Refusal extends Some {
  readonly verdict: 'drop' | 'dead-letter';
}

/**
 * What became of the records of one batch that was read, on all their ways through the graph. Where no record was dropped or
 * refused that costs a flag per write; else each record is looked at once, when the batch has settled.
 *
 * Where the graph branches, a record was dead-lettered if any required output did that, else delivered if any required output
 * wrote it, else dropped.
 */
export class Fates {
  readonly #batch: Batch;
  /** A required output wrote every record. */
  #whole = false;
  readonly #passages: Passage[] = [];
  readonly #written: Some[] = [];
  readonly #refusals: Refusal[] = [];

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  /** A transform made these batches of one that came. */
  passed(transform: string, came: Batch, left: readonly Batch[]): void {
    if (left.length !== 1 || left[0]!.count !== came.count) this.#passages.push({ transform, came, left });
  }

  /** A required output wrote a batch, but for these records. */
  written(batch: Batch, refused: readonly Refused[]): void {
    const same = this.#passages.length === 0 && batch.count === this.#batch.count;
    if (same && refused.length === 0) this.#whole = true;
    else this.#written.push({ batch, records: refused.map(({ index }) => index) });
  }

  /** What was done with records that a required output refused. */
  refused(verdict: Refusal['verdict'], batch: Batch, refused: readonly Refused[]): void {
    if (refused.length > 0) this.#refusals.push({ verdict, batch, records: refused.map(({ index }) => index) });
  }

  /** The bytes of these ranges. To be called while the memory of the batches is theirs. */
  tally(ranges: readonly Range[]): Tally {
    if (this.#batch.count === 0 || (this.#whole && this.#refusals.length === 0)) return allDelivered;
    const marks = new Marks(this.#batch);
    for (const { transform, came, left } of this.#passages) {
      const dropped = marks.mask(came);
      for (const batch of left) marks.take(dropped, batch);
      marks.set(dropped, transform);
    }
    const refusedWith = (wanted: Refusal['verdict']) => this.#refusals.filter(({ verdict }) => verdict === wanted);
    for (const { batch, records } of refusedWith('drop')) marks.set(marks.mask(batch, records), dropReasons.verdict);
    if (this.#whole) marks.set(marks.mask(this.#batch), delivered);
    for (const { batch, records } of this.#written) {
      const written = marks.mask(batch);
      marks.take(written, batch, records);
      marks.set(written, delivered);
    }
    for (const { batch, records } of refusedWith('dead-letter')) marks.set(marks.mask(batch, records), deadLettered);
    return marks.tally(ranges);
  }
}

const allDelivered: Tally = { dropped: {}, deadLettered: 0 };
const delivered = Symbol('delivered');
const deadLettered = Symbol('dead-lettered');
/** A reason for a drop, or one of the above. */
type Fate = string | symbol;

/** A byte per record of the batch that was read: 1 = it is among them. */
type Mask = Uint8Array;

/** A fate for each record of a batch. Records of batches made of it are found by their position in the source. */
class Marks {
  readonly #batch: Batch;
  readonly #fates: Fate[] = [dropReasons.unwanted];
  /** Index of a fate for each record. */
  readonly #marks: Uint8Array;
  #places: Map<number, number> | undefined;
  /** A transform made batches with positions of its own: their records cannot be told apart. */
  #strange = false;

  constructor(batch: Batch) {
    this.#batch = batch;
    this.#marks = new Uint8Array(batch.count);
  }

  /** @param records indices; default: all */
  mask(batch: Batch, records?: readonly number[]): Mask {
    const mask = new Uint8Array(this.#batch.count);
    this.#each(batch, records, (place) => {
      mask[place] = 1;
    });
    return mask;
  }

  /** Takes the records of another batch out of a mask. */
  take(mask: Mask, batch: Batch, records?: readonly number[]): void {
    this.#each(batch, records, (place) => {
      mask[place] = 0;
    });
  }

  set(mask: Mask, fate: Fate): void {
    const known = this.#fates.indexOf(fate);
    const code = known < 0 ? this.#fates.push(fate) - 1 : known;
    for (let i = 0; i < mask.length; i++) if (mask[i] === 1) this.#marks[i] = code;
  }

  /** A record reaches to the beginning of the next one, its line end included. What comes before the first one ends an earlier line: delivered. */
  tally(ranges: readonly Range[]): Tally {
    if (this.#strange) return allDelivered;
    const { count, end } = this.#batch;
    const bytes = new Float64Array(this.#fates.length);
    let at = this.#batch.offset(0);
    for (let i = 0; i < count; i++) {
      const next = i + 1 < count ? Math.min(Math.max(this.#batch.offset(i + 1), at), end) : end;
      const code = this.#marks[i]!;
      bytes[code] = bytes[code]! + within(ranges, at, next);
      at = next;
    }
    const dropped: Record<string, number> = {};
    let buried = 0;
    for (const [code, fate] of this.#fates.entries()) {
      if (fate === deadLettered) buried = bytes[code]!;
      else if (typeof fate === 'string' && bytes[code]! > 0) dropped[fate] = bytes[code]!;
    }
    return { dropped, deadLettered: buried };
  }

  #each(batch: Batch, records: readonly number[] | undefined, use: (place: number) => void): void {
    const length = records?.length ?? batch.count;
    let near = 0;
    for (let i = 0; i < length; i++) {
      const offset = batch.offset(records ? records[i]! : i);
      while (near < this.#batch.count && this.#batch.offset(near) < offset) near++;
      // Of several records at one position the last one has the bytes.
      while (this.#isAt(near + 1, offset)) near++;
      const place = this.#isAt(near, offset) ? near : this.#search(offset);
      if (place === undefined) {
        this.#strange = true;
        return;
      }
      use(place);
    }
  }

  #isAt(place: number, offset: number): boolean {
    return place < this.#batch.count && this.#batch.offset(place) === offset;
  }

  /** For batches in another order. */
  #search(offset: number): number | undefined {
    this.#places ??= new Map(
      Array.from({ length: this.#batch.count }, (_, place) => [this.#batch.offset(place), place]),
    );
    return this.#places.get(offset);
  }
}

function within(ranges: readonly Range[], start: number, end: number): number {
  let bytes = 0;
  for (const [from, to] of ranges) bytes += Math.max(0, Math.min(end, to) - Math.max(start, from));
  return bytes;
}
