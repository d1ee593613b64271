/** Positions from, inclusive, to, exclusive. */
export type Range = readonly [from: number, to: number];

/** Bytes by what is to blame. */
export type Bytes = Readonly<Record<string, number>>;

/** How bytes that have settled did. What a tally leaves out was delivered. */
export interface Tally {
  /** By the id of the transform, or another reason. */
  readonly dropped: Bytes;
  readonly deadLettered: number;
}

/**
 * Where every byte went that is known to be in a source, or in many. It balances: `discovered` is the sum of `delivered`,
 * `dropped`, `deadLettered`, `skipped`, `pending` and `abandoned`. A byte counts once, as it settled first.
 */
export interface Account {
  readonly discovered: number;
  /** Written by an output that is required, and by none of them put into the dead letters. */
  readonly delivered: number;
  readonly dropped: Bytes;
  readonly deadLettered: number;
  /** Passed over by `pipeline checkpoints FILE seek`. */
  readonly skipped: number;
  /** Seen and not settled: unread, or on its way. */
  readonly pending: number;
  /** Seen, and never to be settled: how their source ended. */
  readonly abandoned: Bytes;
  /** Read again after a rewind or a kill. Not part of the balance. */
  readonly repeated: number;
}

export const emptyAccount: Account = {
  discovered: 0,
  delivered: 0,
  dropped: {},
  deadLettered: 0,
  skipped: 0,
  pending: 0,
  abandoned: {},
  repeated: 0,
};

/** What is stored of a ledger, beside its position. */
export interface StoredLedger {
  readonly start: number;
  readonly settled: number;
  readonly gaps: readonly Range[];
  readonly size: number;
  readonly read: number;
  readonly delivered: number;
  readonly dropped: Bytes;
  readonly deadLettered: number;
  readonly skipped: number;
  readonly repeated: number;
}

/**
 * The books of one source: its position, and where each byte from its start to its known end went. Positions are bytes. Moves that
 * go back (a rewind, a seek, a kill) change no account: what is read again is counted apart.
 */
export class Ledger {
  /** Where reading goes on after a restart. */
  #position: number;
  /** The lowest position ever asked for: what lies before was never discovered. */
  #start: number;
  /** Everything between start and here has settled or was skipped, but for the gaps. */
  #settled: number;
  /** In order. There are some only where somebody sought to before the start. */
  #gaps: readonly Range[] = [];
  /** The known end of the source. */
  #size: number;
  /** End of what was ever read. */
  #read: number;
  #delivered = 0;
  #dropped: Bytes = {};
  #deadLettered = 0;
  #skipped = 0;
  #repeated = 0;

  /** Of a source that is read from here on. */
  constructor(start: number) {
    this.#position = this.#start = this.#settled = this.#size = this.#read = start;
  }

  /** Goes on with what was stored. What is missing there begins at the position: nothing is known of what lies before. */
  static from(position: number, stored: Partial<StoredLedger>): Ledger {
    const ledger = new Ledger(stored.start ?? position);
    ledger.#position = position;
    ledger.#settled = stored.settled ?? position;
    ledger.#gaps = stored.gaps ?? [];
    ledger.#size = stored.size ?? position;
    ledger.#read = stored.read ?? position;
    ledger.#delivered = stored.delivered ?? 0;
    ledger.#dropped = stored.dropped ?? {};
    ledger.#deadLettered = stored.deadLettered ?? 0;
    ledger.#skipped = stored.skipped ?? 0;
    ledger.#repeated = stored.repeated ?? 0;
    return ledger;
  }

  copy(): Ledger {
    return Ledger.from(this.#position, this.stored);
  }

  get position(): number {
    return this.#position;
  }

  get start(): number {
    return this.#start;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes behind the position that have settled before: somebody went back. */
  get again(): number {
    const behind = Math.max(0, this.#settled - this.#position);
    return behind - lengthOf(clipped(this.#gaps, this.#position, this.#settled));
  }

  get stored(): StoredLedger {
    return {
      start: this.#start,
      settled: this.#settled,
      gaps: this.#gaps,
      size: this.#size,
      read: this.#read,
      delivered: this.#delivered,
      dropped: this.#dropped,
      deadLettered: this.#deadLettered,
      skipped: this.#skipped,
      repeated: this.#repeated,
    };
  }

  get account(): Account {
    const pending = this.#size - this.#settled + lengthOf(this.#gaps);
    return {
      discovered: this.#size - this.#start,
      delivered: this.#delivered,
      dropped: this.#dropped,
      deadLettered: this.#deadLettered,
      skipped: this.#skipped,
      pending,
      abandoned: {},
      repeated: this.#repeated,
    };
  }

  /** The account of a source of which no more will be read. */
  closed(reason: string): Account {
    const { account } = this;
    const { pending } = account;
    return { ...account, pending: 0, abandoned: pending > 0 ? { [reason]: pending } : {} };
  }

  /** The source is this long. Returns whether that is news. */
  grow(size: number): boolean {
    if (size <= this.#size) return false;
    this.#size = size;
    return true;
  }

  /** It was no longer than this: what it seemed to grow by was another's. What was read stays. */
  endAt(size: number): void {
    this.#size = Math.max(size, this.#settled, this.#read);
  }

  /** These bytes were read. What lies before the end of what was ever read counts as read, also where a seek passed it over. */
  readOn(start: number, end: number): void {
    this.#repeated += Math.max(0, Math.min(end, this.#read) - start);
    this.#read = Math.max(this.#read, end);
    this.grow(end);
  }

  /** What of a range has not settled before. */
  fresh(start: number, end: number): readonly Range[] {
    if (this.#gaps.length === 0 && start >= this.#settled) return [[start, end]];
    return clipped([...this.#gaps, [this.#settled, Math.max(end, this.#settled)]], start, end);
  }

  /** Everything up to here has settled; the tally is of {@link fresh} from the position on. */
  settle(end: number, { dropped, deadLettered }: Tally): void {
    let lost = deadLettered;
    for (const [reason, bytes] of Object.entries(dropped)) {
      this.#dropped = { ...this.#dropped, [reason]: (this.#dropped[reason] ?? 0) + bytes };
      lost += bytes;
    }
    this.#deadLettered += deadLettered;
    this.#delivered += this.#close(end) - lost;
    this.#position = end;
  }

  /** Reading goes on here. What is passed over is skipped, what comes again is repeated. */
  seek(position: number): void {
    this.grow(position);
    if (position > this.#position) this.#skipped += this.#close(position);
    if (position < this.#start) {
      this.#gaps = [[position, this.#start], ...this.#gaps];
      this.#start = position;
    }
    this.#position = position;
  }

  /** Counts everything from the position to here as accounted for, and returns how much that had not been before. */
  #close(end: number): number {
    const bytes = lengthOf(this.fresh(this.#position, end));
    if (this.#gaps.length > 0) {
      this.#gaps = [...clipped(this.#gaps, 0, this.#position), ...clipped(this.#gaps, end, Number.POSITIVE_INFINITY)];
    }
    this.#settled = Math.max(this.#settled, end);
    return bytes;
  }
}

/** Of two sources, or of one path at two times. */
export function sum(a: Account, b: Account): Account {
  return {
    discovered: a.discovered + b.discovered,
    delivered: a.delivered + b.delivered,
    dropped: sumOf(a.dropped, b.dropped),
    deadLettered: a.deadLettered + b.deadLettered,
    skipped: a.skipped + b.skipped,
    pending: a.pending + b.pending,
    abandoned: sumOf(a.abandoned, b.abandoned),
    repeated: a.repeated + b.repeated,
  };
}

/** All bytes of a kind. */
export function total(bytes: Bytes): number {
  let all = 0;
  for (const count of Object.values(bytes)) all += count;
  return all;
}

function sumOf(a: Bytes, b: Bytes): Bytes {
  const both: Record<string, number> = { ...a };
  for (const [reason, bytes] of Object.entries(b)) both[reason] = (both[reason] ?? 0) + bytes;
  return both;
}

function clipped(ranges: readonly Range[], start: number, end: number): Range[] {
  return ranges
    .map(([from, to]): Range => [Math.max(from, start), Math.min(to, end)])
    .filter(([from, to]) => from < to);
}

function lengthOf(ranges: readonly Range[]): number {
  return ranges.reduce((length, [from, to]) => length + to - from, 0);
}
