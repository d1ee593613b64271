import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { decompressFrameSync } from 'lz4-napi';
import { uncompressSync } from 'snappy';

/** One record as it lies in the topic: bytes untouched, nothing decoded as text. */
export interface ConsumedRecord {
  partition: number;
  offset: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  /** In the order they were written; a name may come twice. */
  headers: [name: string, value: Buffer | null][];
}

/** A transaction that a fetch response says was aborted, from this offset of its producer on. */
export interface Aborted {
  producerId: number;
  firstOffset: number;
}

const controlBatch = 0x20;
const transactional = 0x10;

/**
 * Decodes the record batches (magic 2) of one partition of a fetch response and returns the offset to go on from, or
 * `from` when there is no whole batch in it. Control records and records of aborted transactions are left out, but they
 * are counted for that offset, so a reader passes them. (A response names every aborted transaction that reaches into it.)
 */
export function decodeBatches(
  data: Buffer,
  partition: number,
  from: number,
  aborted: Aborted[],
  sink: (record: ConsumedRecord) => void,
): number {
  const starts = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const abortedNow = new Set<number>();
  let next = from;
  for (let at = 0; at + 61 <= data.length; ) {
    const end = at + 12 + data.readInt32BE(at + 8);
    if (end > data.length) break; // cut off by the fetch's size limit
    if (data[at + 16] !== 2)
      throw new Error(`partition ${partition}: a batch has magic ${data[at + 16]}, only 2 is known`);
    const base = Number(data.readBigInt64BE(at));
    const last = base + data.readInt32BE(at + 23);
    const attributes = data.readInt16BE(at + 21);
    const producerId = Number(data.readBigInt64BE(at + 43));
    while (starts[0] && starts[0].firstOffset <= last) abortedNow.add((starts.shift() as Aborted).producerId);
    const batch = new BatchReader(data, at, end, attributes);
    if (attributes & controlBatch) {
      if (batch.isAbort()) abortedNow.delete(producerId);
    } else if (!(attributes & transactional && abortedNow.has(producerId))) {
      batch.each(partition, base, (record) => {
        if (record.offset >= from) sink(record); // a batch is fetched whole, even if its first records are known
      });
    }
    next = last + 1;
    at = end;
  }
  return next;
}

class BatchReader {
  readonly #data: Buffer;
  readonly #count: number;
  readonly #baseTimestamp: number;
  readonly #appendTime: number | undefined;
  #at: number;

  constructor(data: Buffer, start: number, end: number, attributes: number) {
    this.#count = data.readInt32BE(start + 57);
    this.#baseTimestamp = Number(data.readBigInt64BE(start + 27));
    this.#appendTime = attributes & 8 ? Number(data.readBigInt64BE(start + 35)) : undefined;
    this.#data = decompressors[attributes & 7]!(data.subarray(start + 61, end));
    this.#at = 0;
  }

  each(partition: number, base: number, sink: (record: ConsumedRecord) => void): void {
    for (let left = this.#count; left > 0; left--) {
      const length = this.#varint();
      const end = this.#at + length;
      this.#at++; // attributes, unused
      const timestamp = this.#appendTime ?? this.#baseTimestamp + this.#varint();
      if (this.#appendTime !== undefined) this.#varint();
      const offset = base + this.#varint();
      const key = this.#bytes();
      const value = this.#bytes();
      const headers: ConsumedRecord['headers'] = [];
      for (let more = this.#varint(); more > 0; more--) headers.push([this.#bytes()?.toString() ?? '', this.#bytes()]);
      if (this.#at !== end) throw new Error(`partition ${partition}, offset ${offset}: the record's length is wrong`);
      sink({ partition, offset, timestamp, key, value, headers });
    }
  }

  /** The key of a control record is version (int16) and type (int16), type 0 = abort. */
  isAbort(): boolean {
    let type = -1;
    this.each(0, 0, (record) => {
      type = record.key?.readInt16BE(2) ?? -1;
    });
    return type === 0;
  }

  #bytes(): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    this.#at += length;
    return this.#data.subarray(this.#at - length, this.#at);
  }

  /** Zigzag varint or varlong. By multiplication, as bit operations would cut it to 32 bits. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#data[this.#at++];
      if (byte === undefined) throw new Error('a record batch ends in the middle of a record');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
  }
}

/** By the number of the codec. */
const decompressors: ((data: Buffer) => Buffer)[] = [
  (data) => data,
  gunzipSync,
  (data) => uncompressSync(data, { asBuffer: true }) as Buffer,
  decompressFrameSync,
  zstdDecompressSync,
];
