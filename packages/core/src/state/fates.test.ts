import { Batch, LogcatchError, type Refused, type Source } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BufferPool } from '../pipeline/pool.ts';
import { Fates } from './fates.ts';

const source: Source = { key: 1, input: 'app', path: '/a', attributes: {}, position: 0 };
const pool = new BufferPool(1 << 30);
const reason = new LogcatchError('LC_RECORD_REFUSED', 'bad');

/** Lines as they lie in a file from position 100 on, each with its line end. */
function batchOf(lines: readonly string[]): Batch {
  const text = lines.map((line) => `${line}\n`).join('');
  const chunk = pool.take(text.length + 1);
  chunk.bytes.write(text);
  chunk.reserve(lines.length);
  let at = 0;
  for (const [i, line] of lines.entries()) {
    chunk.starts[i] = at;
    chunk.ends[i] = at + line.length;
    at += line.length + 1;
  }
  return new Batch({ source, chunk, count: lines.length, start: 100, end: 100 + text.length, base: 100 });
}

function make(...lines: string[]) {
  const batch = batchOf(lines);
  const fates = new Fates(batch);
  const only = (...kept: string[]) => batch.filter(({ text }) => kept.includes(text));
  const refuse = (of: Batch, ...texts: string[]): Refused[] =>
    [...of].filter(({ text }) => texts.includes(text)).map(({ index }) => ({ index, reason }));
  return { batch, fates, only, refuse, tally: () => fates.tally([[batch.start, batch.end]]) };
}

const nothing = { dropped: {}, deadLettered: 0 };

describe('Fates', () => {
  test('all written', () => {
    const { batch, fates, tally } = make('a', 'bb');
    fates.written(batch, []);
    expect(tally()).toEqual(nothing);
  });

  test('a batch without records is bytes that end an earlier line', () => {
    expect(make().tally()).toEqual(nothing);
  });

  test('dropped by two transforms in turn, each for its own', () => {
    const { batch, fates, only, tally } = make('', 'aa', '', 'bbb');
    const first = only('aa', 'bbb');
    const second = first.filter(({ text }) => text === 'bbb');
    fates.passed('blank', batch, [first]);
    fates.passed('short', first, [second]);
    fates.written(second, []);
    expect(tally()).toEqual({ dropped: { blank: 2, short: 3 }, deadLettered: 0 });
  });

  test('dropped as a whole', () => {
    const { batch, fates, tally } = make('a', 'b');
    fates.passed('all', batch, []);
    expect(tally()).toEqual({ dropped: { all: 4 }, deadLettered: 0 });
  });

  test('refused: dead letters, and dropped by a verdict', () => {
    const { batch, fates, refuse, tally } = make('a', 'bb', 'ccc');
    fates.written(batch, refuse(batch, 'bb', 'ccc'));
    fates.refused('dead-letter', batch, refuse(batch, 'bb'));
    fates.refused('drop', batch, refuse(batch, 'ccc'));
    expect(tally()).toEqual({ dropped: { 'verdict drop': 4 }, deadLettered: 3 });
  });

  test('refused, and written when tried again', () => {
    const { batch, fates, only, refuse, tally } = make('a', 'bb');
    fates.written(batch, refuse(batch, 'bb'));
    fates.written(only('bb'), []);
    expect(tally()).toEqual(nothing);
  });

  test('several outputs: dead-lettered by one counts, else written by one, else dropped', () => {
    const { batch, fates, only, refuse, tally } = make('a', 'bb', 'ccc');
    fates.passed('blank', batch, [only('a')]);
    fates.written(only('a'), []);
    expect(tally()).toEqual({ dropped: { blank: 7 }, deadLettered: 0 });
    fates.written(batch, []);
    expect(tally()).toEqual(nothing);
    fates.refused('dead-letter', only('a'), refuse(only('a'), 'a'));
    expect(tally()).toEqual({ dropped: {}, deadLettered: 2 });
  });

  test('split over exits, one of which leads nowhere', () => {
    const { batch, fates, only, tally } = make('a', 'bb', 'ccc');
    fates.passed('split', batch, [only('a', 'ccc'), only('bb')]);
    fates.written(only('a', 'ccc'), []);
    expect(tally()).toEqual({ dropped: { 'no required output': 3 }, deadLettered: 0 });
  });

  test('text that changed, records in another order, several made of one', () => {
    const { batch, fates, tally } = make('a', 'bb', 'ccc');
    const mapped = batch.mapText((text) => (text === 'a' ? null : text.repeat(9)));
    const twice = mapped.select(Uint32Array.of(1, 0, 0));
    fates.passed('map', batch, [mapped]);
    fates.passed('twice', mapped, [twice]);
    fates.written(twice, []);
    // As many as there were, but not the same.
    expect(tally()).toEqual({ dropped: { map: 2 }, deadLettered: 0 });
    const other = make('a', 'bb', 'ccc');
    const swapped = other.batch.select(Uint32Array.of(2, 1));
    other.fates.passed('swap', other.batch, [swapped]);
    other.fates.written(swapped, []);
    expect(other.tally()).toEqual({ dropped: { swap: 2 }, deadLettered: 0 });
  });

  test('a transform that makes batches with positions of its own: all counts as delivered', () => {
    const { batch, fates, tally } = make('a', 'bb');
    const own = new Batch({
      source,
      chunk: pool.take(10),
      count: 1,
      start: 100,
      end: 105,
      offsets: Float64Array.of(7),
    });
    fates.passed('own', batch, [own]);
    fates.written(own, []);
    expect(tally()).toEqual(nothing);
  });

  test('only the bytes that are asked for, records cut where they are', () => {
    const { batch, fates, only } = make('aaa', 'bbb', 'ccc');
    fates.passed('blank', batch, [only('bbb')]);
    fates.written(only('bbb'), []);
    const ranges = [
      [102, 106],
      [110, 111],
    ] as const;
    expect(fates.tally(ranges)).toEqual({ dropped: { blank: 3 }, deadLettered: 0 });
  });

  test('property: each byte has the fate of its record', () => {
    const fate = fc.constantFrom('written', 'blank', 'short', 'dead', 'verdict');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fate), { minLength: 1, maxLength: 40 }), (records) => {
        const { batch, fates, tally } = make(...records.map(([length]) => 'x'.repeat(length)));
        const fated =
          (...wanted: string[]) =>
          (index: number) =>
            wanted.includes(records[index]![1]);
        const indices = records.map((_, index) => index);
        const pick = (of: (index: number) => boolean) => batch.select(Uint32Array.from(indices.filter(of)));
        const first = pick((index) => !fated('blank')(index));
        const second = pick((index) => !fated('blank', 'short')(index));
        fates.passed('blank', batch, [first]);
        fates.passed('short', first, [second]);
        const left = indices.filter((index) => !fated('blank', 'short')(index));
        const refused = (...wanted: string[]) =>
          left.flatMap((record, index) => (fated(...wanted)(record) ? [{ index, reason }] : []));
        fates.written(second, refused('dead', 'verdict'));
        fates.refused('dead-letter', second, refused('dead'));
        fates.refused('drop', second, refused('verdict'));
        const bytes = (name: string) =>
          records.reduce((all, [length, one]) => all + (one === name ? length + 1 : 0), 0);
        const { dropped, deadLettered } = tally();
        expect([dropped.blank ?? 0, dropped.short ?? 0, dropped['verdict drop'] ?? 0, deadLettered]).toEqual(
          ['blank', 'short', 'verdict', 'dead'].map(bytes),
        );
      }),
    );
  });
});
