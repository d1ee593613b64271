import { BufferPool } from '@logcatch/core';
import { batchOf, LogcatchError, Rejected } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import { expect, test } from 'vitest';
import { Delivery, receiptsOf } from './delivery.ts';

const [source] = new MemorySources().open([{ path: '/var/log/a.log', meta: {} }]);
const refused = new LogcatchError('LC_RECORD_REFUSED', 'too large');

async function delivery(records: number): Promise<Delivery> {
  const { signal } = new AbortController();
  const values = Array.from({ length: records }, (_, i) => `record ${i}`);
  return new Delivery(await batchOf(source!, values, { start: 0, buffers: new BufferPool(1 << 20), signal }));
}

test('resolves with a receipt per partition when every record is written', async () => {
  const write = await delivery(5);
  const odd = write.slice('logs', 1, Uint32Array.of(1, 3));
  const even = write.slice('logs', 0, Uint32Array.of(0, 2, 4));
  expect(odd.batch.text(1)).toBe('record 3');
  even.written(0, 2, 10n);
  odd.written(0, 2, 7n);
  even.written(2, 3, 12n);
  expect(await write.done).toEqual([
    { target: 'logs', partition: 0, offset: '10', records: 3 },
    { target: 'logs', partition: 1, offset: '7', records: 2 },
  ]);
});

test('rejects with the indices of the batch that was written, and the receipts of the others', async () => {
  const write = await delivery(4);
  const slice = write.slice('logs', 0, Uint32Array.of(1, 2, 3));
  slice.refused(2, refused);
  slice.written(0, 2, 0n);
  write.refuse(0, refused);
  const rejected = await write.done.catch((error: unknown) => error);
  expect(rejected).toBeInstanceOf(Rejected);
  expect((rejected as Rejected).records.map(({ index }) => index)).toEqual([0, 3]);
  expect((rejected as Rejected).receipts).toEqual([{ target: 'logs', partition: 0, offset: '0', records: 2 }]);
});

test('rejects with the reason why something came back, when all the rest is answered', async () => {
  const write = await delivery(3);
  const slice = write.slice('logs', 0, null);
  let settled = false;
  const done = write.done
    .catch((error: unknown) => error)
    .finally(() => {
      settled = true;
    });
  slice.returned(1, 3, 'not wanted');
  await Promise.resolve();
  expect(settled).toBe(false);
  slice.refused(0, refused);
  expect(await done).toBe('not wanted');
});

test('an empty batch is written at once', async () => {
  expect(await (await delivery(0)).done).toEqual([]);
});

test('records of others between ours make two receipts; offsets that nobody told are left out', () => {
  const at = (offset: bigint | undefined, records: number) => ({ topic: 'logs', partition: 0, offset, records });
  expect(receiptsOf([at(0n, 2), at(2n, 1), at(9n, 4)]).map(({ offset, records }) => [offset, records])).toEqual([
    ['0', 3],
    ['9', 4],
  ]);
  expect(receiptsOf([at(undefined, 2), at(undefined, 1)])).toEqual([{ target: 'logs', partition: 0, records: 3 }]);
});
