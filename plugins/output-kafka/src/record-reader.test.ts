import { expect, test } from 'vitest';
import { type Compression, codecOf, uncompressed } from './compression.ts';
import { RecordBatchBuilder } from './record-batch.ts';
import { type StoredBatch, storedBatches } from './record-reader.ts';
import { Shelf } from './shelf.ts';

const transactional = { id: '7', epoch: 1, transactionalId: 't' };

async function encode(records: readonly [string, string | null][], compression: Compression, offset: number) {
  const builder = new RecordBatchBuilder(
    { headers: {}, value: 'text' },
    await codecOf(compression),
    new Shelf(0),
    1 << 20,
  );
  for (const [key, value] of records) builder.add(Buffer.from(key), value === null ? null : Buffer.from(value));
  const { bytes } = await builder.finish(transactional, 0);
  bytes.writeBigInt64BE(BigInt(offset), 0); // brokers do
  return Buffer.from(bytes);
}

/** As a broker writes it: a record without value, whose key is version and kind. */
async function control(end: 'commit' | 'abort', offset: number): Promise<Buffer> {
  const builder = new RecordBatchBuilder({ headers: {}, value: 'text' }, uncompressed, new Shelf(0), 1 << 20);
  builder.add(Buffer.from([0, 0, 0, end === 'commit' ? 1 : 0]), Buffer.alloc(6));
  const { bytes } = await builder.finish(transactional, -1);
  bytes.writeBigInt64BE(BigInt(offset), 0);
  bytes[22]! |= 0x20;
  return Buffer.from(bytes);
}

const texts = ({ records }: StoredBatch) => records.map(({ key, value }) => [key?.toString(), value?.toString()]);

test('record batches come back as they were written, with what has been fetched of the last one left out', async () => {
  const long = 'x'.repeat(70_000);
  const parts = [
    await encode(
      [
        ['a', '1'],
        ['b', null],
        ['c', long],
      ],
      'none',
      10,
    ),
    await encode([['d', '']], 'gzip', 13),
    await encode([['ö', '4']], 'zstd', 20),
    await control('commit', 21),
    await control('abort', 22),
  ];
  const cut = await encode([['e', '5']], 'none', 23);
  const batches = [...storedBatches(Buffer.concat([...parts, cut.subarray(0, cut.length - 1)]))];
  expect(batches.map(texts)).toEqual([
    [
      ['a', '1'],
      ['b', undefined],
      ['c', long],
    ],
    [['d', '']],
    [['ö', '4']],
    [],
    [],
  ]);
  expect(batches.map(({ next, end }) => [Number(next), end])).toEqual([
    [13, undefined],
    [14, undefined],
    [21, undefined],
    [22, 'commit'],
    [23, 'abort'],
  ]);
  for (const batch of batches) expect(batch).toMatchObject({ producerId: 7n, transactional: true });
});

test('a record batch from which compaction has removed records counts with the offsets that it had', async () => {
  const bytes = await encode([['a', '1']], 'none', 5);
  bytes.writeInt32BE(9, 23); // last offset
  expect([...storedBatches(bytes)]).toMatchObject([{ next: 15n }]);
  const empty = Buffer.from(bytes.subarray(0, 61));
  empty.writeInt32BE(61 - 12, 8);
  empty.writeInt32BE(0, 57);
  expect([...storedBatches(empty)]).toMatchObject([{ next: 15n, records: [] }]);
});

test('what it cannot read is no reason to take it for nothing', async () => {
  const bytes = await encode([['a', '1']], 'none', 0);
  bytes[22] = 2; // snappy
  expect(() => [...storedBatches(bytes)]).toThrow('compressed');
  bytes[16] = 1;
  expect(() => [...storedBatches(bytes)]).toThrow('format 1');
});
