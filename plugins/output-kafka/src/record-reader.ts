import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { checkedFrom, headLength, magic } from './record-batch.ts';
import { readVarint } from './varint.ts';

/** A record batch as it lies in a partition. */
export interface StoredBatch {
  /** Offset after its last record, also where compaction has removed that. */
  readonly next: bigint;
  readonly producerId: bigint;
  readonly transactional: boolean;
  /** Set where it is the end of what this producer has written in a transaction, and no records. */
  readonly end: 'commit' | 'abort' | undefined;
  readonly records: readonly StoredRecord[];
}

export interface StoredRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

const codecs: Readonly<Record<number, (bytes: Buffer) => Buffer>> = {
  0: (bytes) => bytes,
  1: gunzipSync,
  4: zstdDecompressSync,
};

/** The whole record batches of what was fetched; the last one may be cut off. */
export function* storedBatches(fetched: Buffer): Generator<StoredBatch> {
  for (let at = 0; at + headLength <= fetched.length; ) {
    const end = at + 12 + fetched.readInt32BE(at + 8);
    if (end > fetched.length) return;
    yield storedBatch(fetched.subarray(at, end));
    at = end;
  }
}

function storedBatch(bytes: Buffer): StoredBatch {
  if (bytes[16] !== magic) throw new Error(`a record batch has format ${bytes[16]}, and not ${magic}`);
  const attributes = bytes.readInt16BE(checkedFrom);
  const decode = codecs[attributes & 7];
  if (!decode) throw new Error('records are compressed by neither gzip nor zstd');
  const count = bytes.readInt32BE(57);
  const records = recordsOf(decode(bytes.subarray(headLength)), count);
  const control = (attributes & 0x20) !== 0;
  return {
    next: bytes.readBigInt64BE(0) + BigInt(bytes.readInt32BE(23)) + 1n,
    producerId: bytes.readBigInt64BE(43),
    transactional: (attributes & 0x10) !== 0,
    end: control ? endOf(records[0]) : undefined,
    records: control ? [] : records,
  };
}

/** The key of a control record: version, then 0 for an abort and 1 for a commit. */
function endOf(record: StoredRecord | undefined): 'commit' | 'abort' | undefined {
  const type = record?.key?.readInt16BE(2);
  return type === 1 ? 'commit' : type === 0 ? 'abort' : undefined;
}

function recordsOf(bytes: Buffer, count: number): StoredRecord[] {
  const records: StoredRecord[] = [];
  let at = 0;
  const next = () => {
    const [value, end] = readVarint(bytes, at);
    at = end;
    return value;
  };
  const field = () => {
    const length = next();
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  };
  for (let n = 0; n < count; n++) {
    const length = next();
    const end = at + length;
    at++; // attributes
    next(); // time, of which only the length matters
    next(); // offset
    records.push({ key: field(), value: field() });
    at = end;
  }
  return records;
}
