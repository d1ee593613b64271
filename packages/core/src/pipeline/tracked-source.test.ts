import { Batch, type Chunk } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../state/ledger.ts';
import { SourceRow } from '../state/source-row.ts';
import type { Delivery } from './delivery.ts';
import { BufferPool } from './pool.ts';
import { sourceWindow, TrackedSource } from './tracked-source.ts';

function make() {
  const calls: string[] = [];
  const row = new SourceRow({ key: 1, component: 'app', path: '/a', ledger: new Ledger(0), meta: {}, seen: 0 });
  const source = new TrackedSource(
    row,
    {},
    {
      committing: undefined,
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
      changed: () => {},
      rewind: () => calls.push(`back to ${source.readPosition}`),
      moved: (_source, now) => {
        calls.push(`at ${row.position}${now ? ' now' : ''}`);
        if (now) row.saved = row.position;
      },
      passed: () => {},
      finished: () => calls.push('finished'),
    },
  );
  const pool = new BufferPool(1 << 30);
  let chunk: Chunk;
  const read = (bytes: number): Delivery => {
    chunk = pool.take(1);
    const start = source.readPosition;
    return source.track(new Batch({ source, chunk, count: 0, start, end: start + bytes }));
  };
  return { source, pool, calls, read };
}

describe('TrackedSource', () => {
  test('property: the position is the end of the settled deliveries at the front, whatever the order', () => {
    const settlings = fc
      .array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 })
      .chain((sizes) => fc.tuple(fc.constant(sizes), fc.shuffledSubarray([...sizes.keys()])));
    fc.assert(
      fc.property(settlings, ([sizes, order]) => {
        const { source, pool, read } = make();
        const deliveries = sizes.map(read);
        const settled = new Set<number>();
        for (const index of order) {
          deliveries[index]!.settle();
          settled.add(index);
          let expected = 0;
          for (let i = 0; settled.has(i); i++) expected += sizes[i]!;
          expect(source.position).toBe(expected);
        }
        expect(source.outstanding === 0).toBe(settled.size === sizes.length);
        if (source.outstanding === 0) expect(pool.used).toBe(0);
      }),
    );
  });

  test('is paused at its window, and resumed at half of it', () => {
    const { calls, read } = make();
    const half = read(sourceWindow / 2);
    const rest = read(sourceWindow / 2);
    expect(calls).toEqual(['pause']);
    half.settle();
    expect(calls).toEqual(['pause', `at ${sourceWindow / 2} now`, 'resume']);
    rest.settle();
  });

  test('property: what a kill would repeat stays within the window and the batch that reached it, however fast all settles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1 << 20 }), { maxLength: 60 }), fc.nat(3), (sizes, behind) => {
        const { source, calls, read } = make();
        const open: Delivery[] = [];
        for (const size of sizes) {
          if (calls.lastIndexOf('pause') > calls.lastIndexOf('resume')) while (open.length > 0) open.shift()!.settle();
          open.push(read(size));
          expect(source.readPosition - source.row.saved).toBeLessThanOrEqual(sourceWindow + (1 << 20));
          while (open.length > behind) open.shift()!.settle();
        }
        while (open.length > 0) open.shift()!.settle();
        expect(calls.lastIndexOf('pause')).toBeLessThanOrEqual(Math.max(0, calls.lastIndexOf('resume')));
      }),
    );
  });

  test('two reasons to pause: one resume, when both are gone', () => {
    const { source, calls } = make();
    source.pause('stopped by a plugin');
    source.pause('dead-letters full');
    source.resume('stopped by a plugin');
    expect(calls).toEqual(['pause']);
    source.resume('dead-letters full');
    expect(calls).toEqual(['pause', 'resume']);
  });

  test('what was cancelled moves nothing, and gives its memory back', () => {
    const { source, pool, read } = make();
    const first = read(10);
    const second = read(10);
    first.settle();
    let told = 0;
    second.onCancel(() => told++);
    source.cancel();
    expect([told, source.readPosition, source.outstanding]).toEqual([1, 10, 0]);
    second.settle();
    expect([source.position, pool.used]).toEqual([10, 0]);
  });

  test('the ledger moves with the position, in order, and counts what is read again', () => {
    const { source, read } = make();
    const { ledger } = source.row;
    const first = read(10);
    const second = read(20);
    second.settle();
    expect(ledger.account).toMatchObject({ discovered: 30, delivered: 0, pending: 30 });
    source.grown(50);
    first.settle();
    expect(ledger.account).toMatchObject({ discovered: 50, delivered: 30, pending: 20, repeated: 0 });
    read(15);
    source.cancel();
    read(20).settle();
    expect(ledger.account).toMatchObject({ discovered: 50, delivered: 50, pending: 0, repeated: 15 });
    source.seek(45);
    expect([source.position, source.readPosition, source.unsettled]).toEqual([45, 45, 0]);
    read(10).settle();
    expect(ledger.account).toMatchObject({ discovered: 55, delivered: 55, pending: 0, repeated: 20 });
  });

  test('an ended source is finished when all of it has settled', () => {
    const { source, calls, read } = make();
    const delivery = read(10);
    source.end('gone');
    expect(calls).toEqual([]);
    delivery.settle();
    expect(calls).toEqual(['at 10', 'finished']);
  });
});

describe('Delivery', () => {
  test('a parent is settled when its children are, and memory goes when nobody holds it', () => {
    const { source, pool, read } = make();
    const parent = read(10);
    const own = parent.batch.chunk.sibling(1);
    const child = parent.child(new Batch({ source, chunk: own, count: 0, start: 0, end: 10 }));
    child.expect();
    child.hold();
    child.settle();
    parent.settle();
    expect(source.position).toBe(0);
    child.settle();
    expect(source.position).toBe(10);
    // A reader that need not settle it still looks at the child's memory, and so at its parent's.
    expect(pool.used).toBe(8192);
    child.release();
    expect(pool.used).toBe(0);
  });
});
