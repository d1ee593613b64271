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
      marks.set(transform, marks.mask(came), ...left.map((batch) => marks.mask(batch)));
    }
    for (const { batch, records } of this.#refusedWith('drop')) {
      marks.set(dropReasons.verdict, marks.mask(batch, records));
    }
    if (this.#whole) marks.set(delivered, marks.mask(this.#batch));
    for (const { batch, records } of this.#written) {
      marks.set(delivered, marks.mask(batch), marks.mask(batch, records));
    }
    for (const { batch, records } of this.#refusedWith('dead-letter')) {
      marks.set(deadLettered, marks.mask(batch, records));
    }
    return marks.tally(ranges);
  }

  #refusedWith(verdict: Refusal['verdict']): Refusal[] {
    return this.#refusals.filter((refusal) => refusal.verdict === verdict);
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
  readonly #end: number;
  /** Position of each record. */
  readonly #offsets: Float64Array;
  readonly #fates: Fate[] = [dropReasons.unwanted];
  /** Index of a fate for each record. */
  readonly #marks: Uint8Array;
  readonly #masks = new Map<Batch, Mask>();
  #places: Map<number, number> | undefined;
  /** A transform made batches with positions of its own: their records cannot be told apart. */
  #strange = false;

  constructor(batch: Batch) {
    const { count, end } = batch;
    this.#end = end;
    this.#offsets = new Float64Array(count);
    for (let i = 0; i < count; i++) this.#offsets[i] = batch.offset(i);
    this.#marks = new Uint8Array(count);
    this.#masks.set(batch, new Uint8Array(count).fill(1));
  }

  /** @param records indices; default: all */
  mask(batch: Batch, records?: readonly number[]): Mask {
    const known = records ? undefined : this.#masks.get(batch);
    if (known) return known;
    const mask = new Uint8Array(this.#offsets.length);
    const length = records?.length ?? batch.count;
    let near = 0;
    for (let i = 0; i < length; i++) {
      const offset = batch.offset(records ? records[i]! : i);
      near = this.#placeOf(offset, near);
      if (near < 0) {
        this.#strange = true;
        break;
      }
      mask[near] = 1;
    }
    if (!records) this.#masks.set(batch, mask);
    return mask;
  }

  /** The fate of what is in the first mask, and in none of the others. */
  set(fate: Fate, mask: Mask, ...others: readonly Mask[]): void {
    const known = this.#fates.indexOf(fate);
    const code = known < 0 ? this.#fates.push(fate) - 1 : known;
    const among = mask.slice();
    for (const other of others) for (let i = 0; i < among.length; i++) among[i] = among[i]! & ~other[i]!;
    const marks = this.#marks;
    for (let i = 0; i < among.length; i++) if (among[i] === 1) marks[i] = code;
  }

  /** A record reaches to the beginning of the next one, its line end included. What comes before the first one ends an earlier line: delivered. */
  tally(ranges: readonly Range[]): Tally {
    if (this.#strange) return allDelivered;
    const bytes = new Float64Array(this.#fates.length);
    const count = this.#offsets.length;
    let from = this.#offsets[0]!;
    for (let i = 1; i <= count; i++) {
      const code = this.#marks[i - 1]!;
      if (i < count && this.#marks[i] === code) continue;
      // Whatever positions a plugin gives, no byte counts twice.
      const to = i < count ? Math.min(Math.max(this.#offsets[i]!, from), this.#end) : this.#end;
      bytes[code] = bytes[code]! + within(ranges, from, to);
      from = to;
    }
    const dropped: Record<string, number> = {};
    let buried = 0;
    for (const [code, fate] of this.#fates.entries()) {
      if (fate === deadLettered) buried = bytes[code]!;
      else if (typeof fate === 'string' && bytes[code]! > 0) dropped[fate] = bytes[code]!;
    }
    return { dropped, deadLettered: buried };
  }

  /** Index of the record at a position, -1 where there is none. Quick for positions in order. @param near where to begin */
  #placeOf(offset: number, near: number): number {
    const offsets = this.#offsets;
    let place = near;
    while (place < offsets.length && offsets[place]! < offset) place++;
    if (offsets[place] !== offset) {
      this.#places ??= new Map(Array.from(offsets, (at, index) => [at, index]));
      return this.#places.get(offset) ?? -1;
    }
    // Of several records at one position the last one has the bytes.
    while (offsets[place + 1] === offset) place++;
    return place;
  }
}

function within(ranges: readonly Range[], start: number, end: number): number {
  let bytes = 0;
  for (const [from, to] of ranges) bytes += Math.max(0, Math.min(end, to) - Math.max(start, from));
  return bytes;
}
