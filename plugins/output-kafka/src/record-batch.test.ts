import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { BufferPool } from '@logcatch/core';
import { type Batch, batchOf, Template } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import fc from 'fast-check';
import { decompressFrameSync } from 'lz4-napi';
import { uncompressSync } from 'snappy';
import { describe, expect, test } from 'vitest';
import { type Compression, codecOf, compressions } from './compression.ts';
import { crc32c, portable } from './crc32c.ts';
import { RecordBatchBuilder } from './record-batch.ts';
import type { RecordShape } from './record-values.ts';
import { Shelf } from './shelf.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

interface Decoded {
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly lastOffsetDelta: number;
  readonly maxTimestamp: string;
  readonly records: readonly {
    key: Buffer | null;
    value: Buffer;
    headers: Record<string, Buffer>;
    offset: string;
    timestamp: string;
  }[];
}

const load = createRequire(import.meta.url);
const Decoder = load('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => { forward(bytes: number): void };
const decodeBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (decoder: object) => Promise<Decoded>;

/** kafkajs as an independent reader. */
function decode(bytes: Buffer): Promise<Decoded> {
  const decoder = new Decoder(bytes);
  return decodeBatch(decoder);
}

const decompressors: Record<Compression, (bytes: Buffer) => Buffer | string> = {
  none: (bytes) => bytes,
  gzip: gunzipSync,
  snappy: uncompressSync,
  lz4: decompressFrameSync,
  zstd: zstdDecompressSync,
};

/** kafkajs reads not every compression, but the plain form is the same but for the codec. */
function decompressed(bytes: Buffer): Buffer {
  const compression = compressions[bytes.readInt16BE(21)]!;
  const records = Buffer.from(decompressors[compression](bytes.subarray(61)));
  const plain = Buffer.concat([bytes.subarray(0, 61), records]);
  plain.writeInt32BE(plain.length - 12, 8);
  plain.writeInt16BE(0, 21);
  return plain;
}

const pool = new BufferPool(1 << 30);
const [source] = new MemorySources({ app: 'shop', message: 'not the line' }).open([
  { path: '/var/log/a.log', meta: {} },
]);
const { signal } = new AbortController();
const plain: RecordShape = { headers: {}, value: 'text' };

function batch(values: readonly (string | Uint8Array)[]): Promise<Batch> {
  return batchOf(source!, values, { start: 0, buffers: pool, signal });
}

async function encode(
  shape: RecordShape,
  records: Batch,
  { compression = 'none' as Compression, limit = 1 << 20 } = {},
) {
  const builder = new RecordBatchBuilder(shape, await codecOf(compression), new Shelf(1 << 20), limit);
  const end = builder.append(records, 0, records.count);
  const { bytes } = await builder.finish({ id: '1234567890123', epoch: 7 }, 42);
  return { end, bytes, size: builder.bytes };
}

test.each([crc32c, portable])('the CRC is Castagnoli’s', (crc) => {
  expect(crc(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc(Buffer.alloc(32))).toBe(0x8a9136aa);
});

test('both ways to make a CRC are one', () => {
  expect(crc32c).not.toBe(portable);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => crc32c(bytes) === portable(bytes)));
});

test('a varint has the size that it says', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1, max: 2 ** 31 - 1 }), (value) => {
      const long = Buffer.alloc(8);
      const short = Buffer.alloc(8);
      const end = writeVarint(short, 0, value);
      return end === varintSize(value) && writeVarlong(long, 0, value) === varlongSize(value) && long.equals(short);
    }),
  );
});

describe('a record batch', () => {
  test('has its stamp, and keys, headers and values as asked for', async () => {
    const records = (await batch(['one', '', 'three'])).withAttribute(
      'level',
      ({ text }) => text.slice(0, 1) || 'none',
    );
    const shape: RecordShape = {
      key: Template.parse('{{ level }}'),
      headers: { app: Template.parse('{{ app }}'), level: Template.parse('<{{ level }}>') },
      value: 'text',
    };
    const { bytes } = await encode(shape, records);
    const decoded = await decode(bytes);
    expect(decoded).toMatchObject({
      producerId: '1234567890123',
      producerEpoch: 7,
      firstSequence: 42,
      lastOffsetDelta: 2,
    });
    expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes.subarray(21)));
    expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
    const texts = decoded.records.map(({ key, value, headers }) => [
      String(key),
      String(value),
      String(headers.app),
      String(headers.level),
    ]);
    expect(texts).toEqual([
      ['o', 'one', 'shop', '<o>'],
      ['none', '', 'shop', '<none>'],
      ['t', 'three', 'shop', '<t>'],
    ]);
  });

  test('as json has the attributes, columns over them, and the line as message', async () => {
    const records = (await batch(['a "line"', 'ä'])).withAttribute('app', ({ text }) =>
      text === 'ä' ? undefined : 'own',
    );
    const { bytes } = await encode({ headers: {}, value: 'json' }, records);
    const values = (await decode(bytes)).records.map(({ value }) => JSON.parse(String(value)) as object);
    const common = { path: '/var/log/a.log', name: 'a.log', input: 'test', host: 'localhost' };
    expect(values).toEqual([
      { ...common, app: 'own', message: 'a "line"' },
      { ...common, message: 'ä' },
    ]);
  });

  test('holds any bytes, in every compression', async () => {
    const values = fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 300 });
    const compression = fc.constantFrom(...compressions);
    await fc.assert(
      fc.asyncProperty(values, compression, async (all, codec) => {
        const { bytes } = await encode(plain, await batch(all), { compression: codec });
        expect(bytes.readInt16BE(21)).toBe(compressions.indexOf(codec));
        const decoded = await decode(decompressed(bytes));
        expect(decoded.records.map(({ value }) => value)).toEqual(all.map((value) => Buffer.from(value)));
        expect(decoded.records.every(({ key }) => key === null)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('comes back as it was, from nothing to 1 MB and from one to 50,000 records', async () => {
    const bytes = randomBytes(1 << 20);
    const one = fc.record({ count: fc.constant(1), most: fc.integer({ min: 0, max: 1 << 20 }) });
    const many = fc.record({ count: fc.integer({ min: 1, max: 50_000 }), most: fc.integer({ min: 0, max: 150 }) });
    const codec = fc.constantFrom(...compressions);
    await fc.assert(
      fc.asyncProperty(fc.oneof(one, many), codec, async ({ count, most }, compression) => {
        const size = (i: number) => most - ((i * 31) % (most + 1));
        const values = Array.from({ length: count }, (_, i) => bytes.subarray(0, size(i)));
        const encoded = await encode(plain, await batch(values), { compression, limit: 64 << 20 });
        expect(encoded.end).toBe(count);
        const { records } = await decode(decompressed(encoded.bytes));
        expect(records).toHaveLength(count);
        const same = records.every(({ value, offset }, i) => value.equals(values[i]!) && offset === String(i));
        expect(same).toBe(true);
      }),
      {
        numRuns: 30,
        examples: [
          [{ count: 50_000, most: 1 }, 'zstd'],
          [{ count: 1, most: 1 << 20 }, 'none'],
        ],
      },
    );
  });

  test('has the times of its records, however far apart, before and after the first', async () => {
    const times = ['1700000000000', '2023-11-14T22:13:19.999Z', '0', '4102444800000', '1700000000001'];
    const records = (await batch(times)).withAttribute('time', ({ text }) => text);
    const shape: RecordShape = { ...plain, timestamp: Template.parse('{{ time }}') };
    const decoded = await decode((await encode(shape, records)).bytes);
    expect(decoded.records.map(({ timestamp }) => Number(timestamp))).toEqual([
      1_700_000_000_000, 1_699_999_999_999, 0, 4_102_444_800_000, 1_700_000_000_001,
    ]);
    expect(decoded.maxTimestamp).toBe('4102444800000');
    const before = Date.now();
    const [now] = (await decode((await encode(plain, records)).bytes)).records;
    expect(Number(now!.timestamp)).toBeGreaterThanOrEqual(before);
  });

  test('stays within its limit, but takes a first record of any size', async () => {
    const { end, bytes, size } = await encode(plain, await batch(['x'.repeat(100), 'y'.repeat(100), 'z'.repeat(100)]), {
      limit: 290,
    });
    expect(end).toBe(2);
    expect(bytes.length).toBe(size);
    expect(size).toBeLessThanOrEqual(290);
    expect((await encode(plain, await batch(['x'.repeat(100_000), 'y']), { limit: 290 })).end).toBe(1);
  });
});

test('a shelf gives buffers again, and keeps no more than its limit', () => {
  const shelf = new Shelf(40_000);
  const buffers = [shelf.take(1), shelf.take(16_384), shelf.take(16_385)];
  expect(buffers.map(({ length }) => length)).toEqual([16_384, 16_384, 32_768]);
  for (const buffer of buffers) shelf.give(buffer);
  expect(shelf.take(9)).toBe(buffers[1]);
  expect(shelf.take(9)).toBe(buffers[0]);
  expect(shelf.take(20_000)).not.toBe(buffers[2]);
});
