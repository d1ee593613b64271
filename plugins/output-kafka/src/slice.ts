import type { Batch, LogcatchError } from '@logcatch/plugin-api';

/** Records of one batch for one partition, and who wants to hear of them. Each record is answered exactly once. */
export interface Slice {
  readonly batch: Batch;
  /** Whether these are all the records of one write: given back whole, nothing of it was written. */
  readonly alone: boolean;
  /** Records `from` up to `to` are durable. `offset` is that of `from`, where the broker said it. */
  written(from: number, to: number, offset: bigint | undefined): void;
  /** This record can never be written. */
  refused(index: number, reason: LogcatchError): void;
  /** Records `from` up to `to` were given back. */
  returned(from: number, to: number, reason: unknown): void;
}

/** Records `from` up to `to` of a slice. */
export interface Part {
  readonly slice: Slice;
  readonly from: number;
  readonly to: number;
}

/** These were durable in a row. @param first offset of the first record, where the broker said it */
export function writtenAt(parts: readonly Part[], first: bigint | undefined): void {
  let offset = first;
  for (const { slice, from, to } of parts) {
    slice.written(from, to, offset);
    if (offset !== undefined) offset += BigInt(to - from);
  }
}

export function refuse(parts: readonly Part[], reason: LogcatchError): void {
  for (const { slice, from, to } of parts) for (let index = from; index < to; index++) slice.refused(index, reason);
}

export function giveBack(parts: readonly Part[], reason: unknown): void {
  for (const { slice, from, to } of parts) slice.returned(from, to, reason);
}

/** The first `count` records, and the others. */
export function halve(parts: readonly Part[], count: number): [Part[], Part[]] {
  const first: Part[] = [];
  const second: Part[] = [];
  let left = count;
  for (const part of parts) {
    const cut = Math.min(part.to, part.from + left);
    if (cut > part.from) first.push({ ...part, to: cut });
    if (cut < part.to) second.push({ ...part, from: cut });
    left -= cut - part.from;
  }
  return [first, second];
}

/** The slices of which all records are among these parts. */
export function wholeSlices(parts: readonly Part[]): Slice[] {
  const counts = new Map<Slice, number>();
  for (const { slice, from, to } of parts) counts.set(slice, (counts.get(slice) ?? 0) + to - from);
  return [...counts].filter(([slice, count]) => count === slice.batch.count).map(([slice]) => slice);
}
