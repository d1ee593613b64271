import { type Batch, batchOf, type Source } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { BufferPool } from '../pipeline/pool.ts';
import { Tap, type TapLine, type TapRequest, tapped } from './tap.ts';

const source: Source = { key: 1, input: 'app', path: '/var/log/a.log', attributes: {}, position: 0 };
const at = { start: 0, buffers: new BufferPool(1 << 24), signal: new AbortController().signal };
const memoryBatch = (values: readonly (string | Uint8Array)[]): Promise<Batch> => batchOf(source, values, at);

/** A tap with a clock that stands still until it is moved. */
function open(request: TapRequest = {}) {
  const clock = { now: 0 };
  const tap = new Tap(request, () => clock.now, 30_000);
  const lines: TapLine[] = [];
  const reader = {
    full: false,
    write: (text: string) =>
      lines.push(
        ...text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
  };
  tap.tell(reader);
  const shown = () => lines.flatMap((line) => ('record' in line ? [line.record.message] : []));
  const told = () => {
    tap.tick(1);
    const last = lines.at(-1)!;
    return 'tick' in last ? last.tick : undefined;
  };
  return { tap, clock, reader, lines, shown, told };
}

const many = (count: number) => memoryBatch(Array.from({ length: count }, (_, i) => `line ${i}`));

test('a record with everything that is known of it', async () => {
  const { tap, lines } = open();
  const made = await memoryBatch(['plain', Buffer.from([0x61, 0xff])]);
  const batch = made.withAttribute('n', ({ index }) => String(index));
  tap.see('app', batch, 'errors');
  expect(lines).toMatchObject([
    { record: { component: 'app', exit: 'errors', path: batch.source.path, size: 5, message: 'plain' } },
    { record: { offset: batch.offset(1), size: 2, message: 'a\ufffd', message_base64: 'Yf8=' } },
  ]);
  expect(lines.map((line) => 'record' in line && line.record.attributes.n)).toEqual(['0', '1']);
});

test('a long record is cut, between two characters', async () => {
  const { tap, lines } = open();
  tap.see('app', await memoryBatch([`${'x'.repeat(16_383)}ö and more`]), undefined);
  expect(lines).toMatchObject([{ record: { size: 16_394, message: 'x'.repeat(16_383) } }]);
  expect(lines[0]).not.toHaveProperty('record.message_base64');
});

test('so many records a second, and the others are counted', async () => {
  const { tap, clock, shown, told } = open();
  for (let i = 0; i < 10; i++) tap.see('app', await many(300), undefined);
  expect(shown()).toHaveLength(1_000);
  expect(told()).toEqual({ components: 1, seen: 3_000, skipped: 2_000 });
  clock.now += 500;
  tap.see('app', await many(600), undefined);
  expect(shown()).toHaveLength(1_500);
  expect(told()).toEqual({ components: 1, seen: 600, skipped: 100 });
});

test('a reader that stands still costs nothing, and hears afterwards what it missed', async () => {
  const { tap, reader, shown, told, lines } = open();
  reader.full = true;
  tap.see('app', await many(300), undefined);
  tap.tick(1);
  expect(lines).toEqual([]);
  reader.full = false;
  tap.see('app', await many(1), undefined);
  expect(shown()).toEqual(['line 0']);
  expect(told()).toEqual({ components: 1, seen: 301, skipped: 300 });
});

test('filters: a text, a pattern, a condition, and both', async () => {
  const seenBy = async (request: TapRequest) => {
    const { tap, shown, told } = open(request);
    tap.see('app', await memoryBatch(['say "a"', 'Error 7', 'error 12']), undefined);
    expect(told()).toMatchObject({ seen: 3, skipped: 0 });
    return shown();
  };
  expect(await seenBy({ grep: 'say "' })).toEqual(['say "a"']);
  expect(await seenBy({ grep: '(?i)error \\d+$' })).toEqual(['Error 7', 'error 12']);
  expect(await seenBy({ where: 'size(message) > 7' })).toEqual(['error 12']);
  expect(await seenBy({ grep: '^e', where: 'message.contains("7")' })).toEqual([]);
  expect(() => open({ grep: '(a' })).toThrow(expect.objectContaining({ code: 'LC_TAP_FILTER' }));
  expect(() => open({ where: 'a =' })).toThrow(expect.objectContaining({ code: 'LC_TAP_FILTER' }));
});

test('a pattern that takes for ever is broken off, and its time is owed', async () => {
  let now = 0;
  // Each look at the clock takes longer than a second's work may.
  const tap = new Tap({ grep: '^(a+)+$' }, () => (now += 30));
  const texts: string[] = [];
  tap.tell({ full: false, write: (text) => texts.push(text) });
  const batch = await memoryBatch([`${'a'.repeat(60)}!`, 'aa']);
  tap.see('app', batch, undefined);
  tap.see('app', await memoryBatch(['aa']), undefined);
  tap.tick(1);
  expect(texts.map((text) => JSON.parse(text))).toEqual([{ tick: { components: 1, seen: 3, skipped: 3 } }]);
});

test('where there is little to do it may cost more', async () => {
  const skippedAt = async (utilization: number) => {
    let now = 0;
    let step = 0;
    const tap = new Tap({ grep: 'x' }, () => (now += step));
    tap.tell({ full: false, write: () => {} });
    tap.among(1, utilization);
    // Each look takes about 5 ms, and there are ten of them a second.
    for (let i = 0; i < 50; i++) {
      step = 5;
      tap.see('app', await many(1), undefined);
      step = 0;
      now += 90;
    }
    let told = '';
    tap.tell({ full: false, write: (text) => (told = text) });
    tap.tick(1);
    return JSON.parse(told).tick.skipped;
  };
  expect(await skippedAt(0.1)).toBe(0);
  expect(await skippedAt(0.6)).toBeGreaterThan(30);
});

test.each([
  [undefined, 'input', 'app/a', {}],
  [undefined, 'transform', 'level', undefined],
  ['app', 'input', 'app/a.log', {}],
  ['app/a.log', 'input', 'app/a.log', {}],
  ['app', 'input', 'apple', undefined],
  ['level', 'transform', 'level', {}],
  ['level.errors', 'transform', 'level', { exit: 'errors' }],
] as const)('%s asks for what leaves the %s %s: %o', (component, kind, id, expected) => {
  expect(tapped(component === undefined ? {} : { component }, { kind, id })).toEqual(expected);
});
