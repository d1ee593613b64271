import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { play } from './fixtures/history.ts';
import type { History, Step } from './fixtures/step.ts';

/** `pnpm soak tail` asks for more. */
const histories = process.env.SOAK ? 200_000 : 2_000;

const at = fc.nat(7);
const lines = fc.integer({ min: 1, max: 5 });
const weighted = (weight: number, arbitrary: fc.Arbitrary<unknown>) => ({ weight, arbitrary });
const one = (...names: Step['do'][]) => fc.constantFrom(...names);

const step = fc.oneof(
  weighted(6, fc.record({ do: one('append', 'append part', 'append late'), at, lines, wide: fc.boolean() })),
  weighted(
    5,
    fc.record({
      do: one('rename', 'rename again', 'rename to match', 'move out', 'copytruncate', 'delete', 'recreate', 'refill'),
      at,
    }),
  ),
  weighted(1, fc.record({ do: one('retarget') })),
  // A dozen make chokidar too dear, hundreds listening too.
  weighted(2, fc.record({ do: one('noise'), times: fc.constantFrom(1, 30, 30, 700) })),
  weighted(2, fc.record({ do: one('pause', 'rewind'), at })),
  weighted(4, fc.record({ do: one('resume', 'hold back', 'settle', 'stop', 'kill', 'start') })),
  weighted(2, fc.record({ do: one('rest') })),
  weighted(3, fc.record({ do: one('wait'), milliseconds: fc.constantFrom(1, 6, 30, 120, 600, 2_000) })),
) as fc.Arbitrary<Step>;

const history: fc.Arbitrary<History> = fc.record({
  disk: fc.record({
    births: fc.boolean(),
    latency: fc.constantFrom(0, 3),
    loses: fc.constantFrom(0, 0, 1, 2, 3),
    late: fc.constantFrom(0, 0, 60, 900),
    refuses: fc.constantFrom(0, 0, 4),
  }),
  watch: fc.constantFrom('auto', 'poll'),
  parks: fc.boolean(),
  joins: fc.boolean(),
  steps: fc.array(step, { minLength: 3, maxLength: 40, size: 'max' }),
});

test(`${histories} histories: what could be read arrives once and in order, and every byte is accounted for`, async () => {
  await fc.assert(
    fc.asyncProperty(history, (each) => play(each)),
    { numRuns: histories },
  );
}, 3_600_000);

const plain = { disk: { births: true, latency: 0, loses: 0 }, watch: 'auto', parks: false } as const;
const parking = { ...plain, parks: true };
const birthless = { ...plain, disk: { ...plain.disk, births: false } };

/** Histories that went wrong once. */
describe('goes well', () => {
  test.each<[string, History]>([
    [
      'a hint is lost, an opening is refused, and a record is held, one after the other',
      {
        ...parking,
        joins: true,
        disk: { ...plain.disk, loses: 1, refuses: 4 },
        steps: [
          { do: 'delete', at: 4 },
          { do: 'recreate', at: 0 },
          { do: 'rename to match', at: 0 },
          { do: 'rename again', at: 0 },
          { do: 'append', at: 0, lines: 1 },
          { do: 'retarget' },
        ],
      },
    ],
    [
      'a record is held of a file whose folder is listened to, where nothing is looked at without a hint',
      {
        ...birthless,
        joins: true,
        steps: [
          { do: 'append', at: 0, lines: 1 },
          { do: 'rename', at: 1 },
          { do: 'noise', times: 30 },
          { do: 'resume' },
        ],
      },
    ],
    [
      'a parked file is opened by a look and by a read at once',
      {
        ...parking,
        disk: { ...plain.disk, latency: 3 },
        steps: [
          { do: 'pause', at: 0 },
          { do: 'recreate', at: 0 },
          { do: 'wait', milliseconds: 2_000 },
          { do: 'copytruncate', at: 5 },
        ],
      },
    ],
    [
      'a parked file is deleted between the look that sees it truncated and its opening, and its inode is used again',
      {
        ...parking,
        disk: { ...plain.disk, latency: 3 },
        steps: [
          { do: 'append', at: 0, lines: 1 },
          { do: 'rest' },
          { do: 'copytruncate', at: 0 },
          { do: 'wait', milliseconds: 1 },
          { do: 'delete', at: 0 },
          { do: 'wait', milliseconds: 30 },
          { do: 'recreate', at: 0 },
        ],
      },
    ],
    [
      'a file that was renamed away cannot be opened at the start',
      {
        ...birthless,
        disk: { ...birthless.disk, refuses: 4 },
        steps: [
          { do: 'recreate', at: 0 },
          { do: 'rest' },
          { do: 'rename', at: 0 },
          { do: 'kill' },
          { do: 'append late', at: 2, lines: 1 },
          { do: 'rest' },
        ],
      },
    ],
    [
      'a file cannot be opened at the start, and is renamed away before it is tried again',
      {
        ...birthless,
        disk: { ...birthless.disk, refuses: 4 },
        steps: [
          { do: 'stop' },
          { do: 'rename', at: 3 },
          { do: 'recreate', at: 1 },
          { do: 'start' },
          { do: 'append', at: 0, lines: 1 },
          { do: 'rename', at: 0 },
        ],
      },
    ],
    [
      'truncated while what it held was not delivered, killed, and not to be opened at the start',
      {
        ...plain,
        disk: { ...plain.disk, refuses: 4 },
        steps: [
          { do: 'hold back' },
          { do: 'append', at: 4, lines: 1 },
          { do: 'wait', milliseconds: 1 },
          { do: 'copytruncate', at: 4 },
          { do: 'retarget' },
          { do: 'rest' },
          { do: 'rename', at: 7 },
          { do: 'kill' },
          { do: 'resume' },
          { do: 'append', at: 0, lines: 1 },
          { do: 'append', at: 0, lines: 1 },
        ],
      },
    ],
    [
      'refilled with an equal head, renamed while it is opened',
      {
        ...birthless,
        disk: { ...birthless.disk, refuses: 4 },
        steps: [
          { do: 'append', at: 0, lines: 2, wide: true },
          { do: 'rest' },
          { do: 'rename', at: 3 },
          { do: 'refill', at: 0 },
          { do: 'recreate', at: 7 },
          { do: 'start' },
          { do: 'rename', at: 0 },
          { do: 'pause', at: 0 },
          { do: 'rest' },
          { do: 'wait', milliseconds: 1 },
        ],
      },
    ],
    [
      'the link to a parked file leads elsewhere, and the file in its own folder is written to',
      { ...parking, steps: [{ do: 'rest' }, { do: 'retarget' }, { do: 'append late', at: 2, lines: 1 }] },
    ],
    [
      'the inode of a parked file is given to one that is renamed away at once',
      {
        ...parking,
        steps: [{ do: 'recreate', at: 0 }, { do: 'rename', at: 1 }, { do: 'rest' }, { do: 'kill' }],
      },
    ],
    [
      'the inode of a parked file is given to one with another matching path',
      {
        ...parking,
        steps: [
          { do: 'recreate', at: 0 },
          { do: 'rename to match', at: 1 },
          { do: 'recreate', at: 0 },
        ],
      },
    ],
    [
      'truncated and refilled to the same size before its first read',
      {
        ...birthless,
        steps: [
          { do: 'copytruncate', at: 5 },
          { do: 'append', at: 5, lines: 1 },
          { do: 'pause', at: 5 },
          { do: 'settle' },
          { do: 'rename', at: 0 },
        ],
      },
    ],
    [
      'a read is on its way while the file is truncated, rewound and written to again',
      {
        ...birthless,
        steps: [
          { do: 'kill' },
          { do: 'rename to match', at: 0 },
          { do: 'delete', at: 3 },
          { do: 'hold back' },
          { do: 'start' },
          { do: 'copytruncate', at: 0 },
          { do: 'wait', milliseconds: 1 },
          { do: 'rewind', at: 7 },
          { do: 'append', at: 0, lines: 1 },
          { do: 'append', at: 0, lines: 1 },
          { do: 'resume' },
          { do: 'retarget' },
          { do: 'pause', at: 3 },
        ],
      },
    ],
    [
      'a renamed file grows while it is paused',
      {
        ...birthless,
        steps: [
          { do: 'rest' },
          { do: 'append', at: 0, lines: 1 },
          { do: 'rename', at: 0 },
          { do: 'pause', at: 0 },
          { do: 'rest' },
          { do: 'rest' },
          { do: 'append late', at: 0, lines: 1 },
          { do: 'resume' },
          { do: 'rest' },
          { do: 'append late', at: 0, lines: 1 },
          { do: 'append', at: 0, lines: 1 },
          { do: 'pause', at: 0 },
          { do: 'rest' },
        ],
      },
    ],
    [
      'what is held of a file is due where every write is told',
      {
        ...plain,
        joins: true,
        steps: [
          { do: 'noise', times: 30 },
          { do: 'append', at: 0, lines: 1 },
          { do: 'append', at: 0, lines: 1 },
          { do: 'noise', times: 1 },
        ],
      },
    ],
    [
      'the process ends while a parked file is opened',
      {
        ...parking,
        disk: birthless.disk,
        watch: 'poll',
        steps: [{ do: 'stop' }, { do: 'resume' }, { do: 'append', at: 0, lines: 1 }, { do: 'pause', at: 0 }],
      },
    ],
    [
      'truncated while what it held was not delivered, then killed, then renamed away',
      {
        ...plain,
        steps: [
          { do: 'hold back' },
          { do: 'recreate', at: 0 },
          { do: 'wait', milliseconds: 600 },
          { do: 'copytruncate', at: 2 },
          { do: 'rest' },
          { do: 'kill' },
          { do: 'rest' },
          { do: 'rename', at: 7 },
          { do: 'resume' },
        ],
      },
    ],
  ])('%s', async (_, each) => expect(await play(each)).toBeUndefined());
});
