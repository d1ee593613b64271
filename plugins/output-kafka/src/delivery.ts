import { type Batch, type LogcatchError, type Receipt, type Refused, Rejected } from '@logcatch/plugin-api';
import type { Slice } from './slice.ts';

interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint | undefined;
  readonly records: number;
}

/** One `write`: it ends when every record of its batch is written, refused or given back. */
export class Delivery {
  readonly batch: Batch;
  /** What `write` returns. */
  readonly done: Promise<readonly Receipt[]>;
  readonly #written: Written[] = [];
  readonly #refused: Refused[] = [];
  #returned: { readonly reason: unknown } | undefined;
  #open: number;
  #resolve!: (receipts: readonly Receipt[]) => void;
  #reject!: (reason: unknown) => void;

  constructor(batch: Batch) {
    this.batch = batch;
    this.#open = batch.count;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#settle(0);
  }

  /** The records at these indices (`null`: all) as a slice for a lane. */
  slice(topic: string, partition: number, indices: Uint32Array | null): Slice {
    return {
      batch: indices ? this.batch.select(indices) : this.batch,
      alone: indices === null,
      written: (from, to, offset) => {
        this.#written.push({ topic, partition, offset, records: to - from });
        this.#settle(to - from);
      },
      refused: (index, reason) => this.refuse(indices ? indices[index]! : index, reason, topic),
      returned: (from, to, reason) => this.giveBack(to - from, reason),
    };
  }

  /** @param target the topic, where the record has one */
  refuse(index: number, reason: LogcatchError, target?: string): void {
    this.#refused.push({ index, reason, ...(target !== undefined && { target }) });
    this.#settle(1);
  }

  /** The records at these indices (`null`: all). */
  refuseAll(indices: Uint32Array | null, reason: LogcatchError, target: string): void {
    const { count } = this.batch;
    for (let i = 0; i < (indices?.length ?? count); i++) this.refuse(indices?.[i] ?? i, reason, target);
  }

  /** So many records were not written: the whole batch has to come again. */
  giveBack(records: number, reason: unknown): void {
    this.#returned ??= { reason };
    this.#settle(records);
  }

  #settle(records: number): void {
    this.#open -= records;
    if (this.#open > 0) return;
    const receipts = receiptsOf(this.#written);
    if (this.#returned) this.#reject(this.#returned.reason);
    else if (this.#refused.length > 0)
      this.#reject(
        new Rejected(
          this.#refused.sort((a, b) => a.index - b.index),
          receipts,
        ),
      );
    else this.#resolve(receipts);
  }
}

/** One receipt per partition, or more where records of others lie between. */
export function receiptsOf(written: readonly Written[]): Receipt[] {
  const receipts: Receipt[] = [];
  for (const group of Map.groupBy(written, ({ topic, partition }) => `${topic}-${partition}`).values()) {
    let last: Written | undefined;
    for (const next of group) {
      if (last && follows(last, next)) {
        last = { ...last, records: last.records + next.records };
        receipts.pop();
      } else last = next;
      const { topic, partition, offset, records } = last;
      receipts.push({ target: topic, partition, records, ...(offset !== undefined && { offset: String(offset) }) });
    }
  }
  return receipts;
}

function follows(last: Written, next: Written): boolean {
  if (last.offset === undefined || next.offset === undefined) return last.offset === next.offset;
  return last.offset + BigInt(last.records) === next.offset;
}
