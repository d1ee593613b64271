import type { StoredBatch, StoredRecord } from './record-reader.ts';

/**
 * The last value of each key among the records that count: what is in a transaction counts when that has been committed.
 *
 * It goes by the ends of transactions in the partition itself, not by the last stable offset up to which brokers give records
 * to readers of what is committed: another agent that is in a transaction holds that back, with what we have committed since.
 */
export class Committed {
  readonly #prefix: string;
  readonly #values = new Map<string, string>();
  readonly #open = new Map<bigint, StoredRecord[]>();

  /** @param prefix of the keys that are wanted */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /** The record batches of a partition, from the first one on, in their order. */
  take({ producerId, transactional, end, records }: StoredBatch): void {
    if (end) {
      if (end === 'commit') this.#count(this.#open.get(producerId) ?? []);
      this.#open.delete(producerId);
    } else if (transactional) {
      const open = this.#open.get(producerId);
      if (open) for (const record of records) open.push(record);
      else this.#open.set(producerId, [...records]);
    } else this.#count(records);
  }

  #count(records: readonly StoredRecord[]): void {
    for (const { key, value } of records) {
      const name = key?.toString() ?? '';
      if (!name.startsWith(this.#prefix)) continue;
      if (value) this.#values.set(name, value.toString());
      else this.#values.delete(name);
    }
  }
}
