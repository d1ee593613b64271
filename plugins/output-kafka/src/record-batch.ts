import { type Batch, jsonOf } from '@logcatch/plugin-api';
import type { Codec } from './compression.ts';
import { crc32c } from './crc32c.ts';
import { headersOf, keysOf, type RecordShape, timesOf } from './record-values.ts';
import type { Builder, Producer } from './sender.ts';
import type { Shelf } from './shelf.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

/** A record batch as it goes over the wire. */
export interface Encoded {
  readonly bytes: Buffer;
  /** The buffer of the shelf that holds them, where one does. */
  readonly shelved: Buffer | undefined;
}

/** Length of what comes before the records. */
export const headLength = 61;
/** The CRC covers everything from here on. */
export const checkedFrom = 21;
export const magic = 2;
/** The bit of what counts when its transaction has been committed. */
const transactional = 0x10;

const noHeaders = Buffer.from([0]);

/** Encodes records of batches, whose bytes are copied, into one record batch of Kafka's format 2. */
export class RecordBatchBuilder implements Builder<Encoded> {
  readonly #shape: RecordShape;
  readonly #codec: Codec;
  readonly #shelf: Shelf;
  readonly #limit: number;
  #buffer: Buffer;
  #end = headLength;
  /** Time of the first record, and the latest of all, where records have their own. */
  #first: number | undefined;
  #latest = 0;
  #count = 0;

  /** @param limit bytes of the record batch at most, before compression; a record that is alone may have more */
  constructor(shape: RecordShape, codec: Codec, shelf: Shelf, limit: number) {
    this.#shape = shape;
    this.#codec = codec;
    this.#shelf = shelf;
    this.#limit = limit;
    this.#buffer = shelf.take(headLength);
  }

  get bytes(): number {
    return this.#end;
  }

  get count(): number {
    return this.#count;
  }

  append(batch: Batch, from: number, to: number): number {
    const keyOf = keysOf(this.#shape.key, batch);
    const headOf = headersOf(this.#shape.headers, batch);
    const timeOf = timesOf(this.#shape.timestamp, batch);
    const json = this.#shape.value === 'json' ? jsonOf(batch) : undefined;
    const { buffer, starts, ends } = batch;
    for (let index = from; index < to; index++) {
      const value = json && Buffer.from(json(index));
      const source = value ?? buffer;
      const start = value ? 0 : starts[index]!;
      const end = value ? value.length : ends[index]!;
      if (!this.#add(timeOf?.(index), keyOf(index), source, start, end, headOf(index))) return index;
    }
    return to;
  }

  /** Adds a record, while the record batch stays within the limit. The first one is added whatever its size. */
  add(key: Buffer, value: Buffer | null): boolean {
    return this.#add(undefined, key, value, 0, value?.length ?? 0, noHeaders);
  }

  /** Length, attributes, time delta, offset delta, key, value, headers. */
  #add(
    time: number | undefined,
    key: Buffer | null,
    source: Buffer | null,
    start: number,
    end: number,
    headers: Buffer,
  ): boolean {
    const valueLength = source === null ? -1 : end - start;
    const keyLength = key === null ? -1 : key.length;
    const later = time === undefined ? 0 : time - (this.#first ?? time);
    const length =
      1 +
      (later === 0 ? 1 : varlongSize(later)) +
      varintSize(this.#count) +
      varintSize(keyLength) +
      (key === null ? 0 : keyLength) +
      varintSize(valueLength) +
      (end - start) +
      headers.length;
    const after = this.#end + varintSize(length) + length;
    if (after > this.#limit && this.#count > 0) return false;
    if (after > this.#buffer.length) this.#grow(after);
    const bytes = this.#buffer;
    let at = writeVarint(bytes, this.#end, length);
    bytes[at++] = 0;
    if (later === 0) bytes[at++] = 0;
    else at = writeVarlong(bytes, at, later);
    at = writeVarint(bytes, at, this.#count);
    at = writeVarint(bytes, at, keyLength);
    if (key) at += key.copy(bytes, at);
    at = writeVarint(bytes, at, valueLength);
    if (source) at += source.copy(bytes, at, start, end);
    if (headers.length === 1) bytes[at++] = headers[0]!;
    else at += headers.copy(bytes, at);
    this.#end = at;
    this.#count++;
    if (time !== undefined) {
      this.#first ??= time;
      this.#latest = Math.max(this.#latest, time);
    }
    return true;
  }

  #grow(bytes: number): void {
    const larger = this.#shelf.take(bytes);
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#shelf.give(this.#buffer);
    this.#buffer = larger;
  }

  async finish(producer: Producer, sequence: number): Promise<Encoded> {
    const { bytes, shelved } = await this.#compressed();
    const now = Date.now();
    bytes.writeBigInt64BE(0n, 0);
    bytes.writeInt32BE(bytes.length - 12, 8);
    bytes.writeInt32BE(-1, 12);
    bytes.writeInt8(magic, 16);
    bytes.writeInt16BE(this.#codec.number | (producer.transactionalId ? transactional : 0), checkedFrom);
    bytes.writeInt32BE(this.#count - 1, 23);
    bytes.writeBigInt64BE(BigInt(this.#first ?? now), 27);
    bytes.writeBigInt64BE(BigInt(this.#first === undefined ? now : this.#latest), 35);
    bytes.writeBigInt64BE(BigInt(producer.id), 43);
    bytes.writeInt16BE(producer.epoch, 51);
    bytes.writeInt32BE(sequence, 53);
    bytes.writeInt32BE(this.#count, 57);
    bytes.writeUInt32BE(crc32c(bytes.subarray(checkedFrom)), 17);
    return { bytes, shelved };
  }

  /** The records in their final form, with room for the head. */
  async #compressed(): Promise<Encoded> {
    const plain = this.#buffer.subarray(0, this.#end);
    const { compress } = this.#codec;
    if (!compress) return { bytes: plain, shelved: this.#buffer };
    const records = await compress(plain.subarray(headLength));
    this.#shelf.give(this.#buffer);
    return { bytes: Buffer.concat([Buffer.allocUnsafe(headLength), records]), shelved: undefined };
  }
}
