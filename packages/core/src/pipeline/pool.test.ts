import type { Chunk } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BufferPool } from './pool.ts';

const signal = new AbortController().signal;

describe('BufferPool', () => {
  test('gives out size classes and counts them', async () => {
    const pool = new BufferPool(1 << 20);
    const chunk = await pool.acquire(5000, signal);
    expect(chunk.bytes.length).toBe(8192);
    expect(pool.used).toBe(8192);
    chunk.release();
    expect(pool.used).toBe(0);
  });

  test('waits for the budget, in order', async () => {
    const pool = new BufferPool(8192);
    const first = await pool.acquire(8192, signal);
    const order: number[] = [];
    const wait = async (number: number, bytes: number) => {
      const chunk = await pool.acquire(bytes, signal);
      order.push(number);
      chunk.release();
    };
    const waiting = [wait(2, 8192), wait(3, 4096)];
    first.release();
    await Promise.all(waiting);
    expect(order).toEqual([2, 3]);
    expect(pool.used).toBe(0);
  });

  test('an aborted wait leaves the queue', async () => {
    const pool = new BufferPool(4096);
    const held = await pool.acquire(1, signal);
    const abort = new AbortController();
    const waiting = pool.acquire(1, abort.signal);
    abort.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    held.release();
    expect(pool.used).toBe(0);
  });

  test('a sibling is given at once, beyond the budget, and counted', async () => {
    const pool = new BufferPool(4096);
    const chunk = await pool.acquire(1, signal);
    const sibling = chunk.sibling(3 << 20);
    expect(sibling.bytes.length).toBeGreaterThanOrEqual(3 << 20);
    expect(pool.used).toBe(4096 + (3 << 20));
  });

  test('a released chunk is overwritten under test, and cannot be released twice', async () => {
    const pool = new BufferPool(4096, true);
    const chunk = await pool.acquire(1, signal);
    const view = chunk.bytes.subarray(0, 3);
    view.write('abc');
    chunk.release();
    expect(view.toString('hex')).toBe('dbdbdb');
    expect(() => chunk.release()).toThrow('twice');
  });

  test('columns grow and keep what they hold', async () => {
    const chunk = await new BufferPool(4096).acquire(1, signal);
    chunk.reserve(1);
    chunk.starts[0] = 7;
    chunk.reserve(1000);
    expect(chunk.starts[0]).toBe(7);
    expect(chunk.ends.length).toBeGreaterThanOrEqual(1000);
  });

  test('a slab whose chunks have all come back serves other sizes', async () => {
    const pool = new BufferPool(1 << 20);
    const small = await Promise.all(Array.from({ length: 256 }, () => pool.acquire(4096, signal)));
    expect(pool.allocated).toBe(1 << 20);
    for (const chunk of small) chunk.release();
    const [half] = await Promise.all([pool.acquire(512 << 10, signal), pool.acquire(512 << 10, signal)]);
    expect(pool.allocated).toBe(1 << 20);
    expect(half!.bytes.length).toBe(512 << 10);
  });

  test('chunks that are out never overlap', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 1 << 20 }), fc.nat()), { maxLength: 60 }), (steps) => {
        const pool = new BufferPool(4 << 20, true);
        const out: { chunk: Chunk; mark: number }[] = [];
        for (const [index, [bytes, pick]] of steps.entries()) {
          if (pick % 3 === 0 && out.length > 0) {
            const [{ chunk, mark }] = out.splice(pick % out.length, 1) as [(typeof out)[number]];
            expect(chunk.bytes.every((byte) => byte === mark)).toBe(true);
            chunk.release();
          } else {
            const chunk = pool.take(bytes);
            const mark = index % 200;
            chunk.bytes.fill(mark);
            out.push({ chunk, mark });
          }
        }
        for (const { chunk, mark } of out) {
          expect(chunk.bytes.indexOf(mark === 0 ? 1 : 0)).toBe(-1);
          chunk.release();
        }
        expect(pool.used).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
