import { expect, test } from 'vitest';
import { Ledger } from '../state/ledger.ts';
import { SourceRow } from '../state/source-row.ts';
import { keyOf, markOf, positionText, reconcile } from './positions.ts';

const writer = { agentId: 'agent one', output: 'out' };
const settled = { dropped: {}, deadLettered: 0 };

/** A row that began at 10 and has come to a position. */
function rowAt(position: number, committed?: number): SourceRow {
  const ledger = new Ledger(10);
  ledger.readOn(10, position);
  if (position > 10) ledger.settle(position, settled);
  const ids = { key: 1, uid: 'u1', component: 'app/each', path: '/a' };
  return new SourceRow({ ...ids, ledger, meta: { ino: '7' }, seen: 0, committed });
}

const storedAt = (position: number) => {
  const row = rowAt(position);
  return new Map([
    [markOf(writer), 'a mark'],
    [keyOf(writer, row), positionText(row, row.ledger)],
    ['another/out/app/u9', 'not ours'],
    ['agent%20one/another/app%2Feach/u9', 'not ours'],
  ]);
};

const reconciled = (row: SourceRow, stored: ReadonlyMap<string, string>) =>
  reconcile(writer, [row], stored, () => false);

test.each([
  ['agrees', rowAt(20, 20), 20, {}],
  ['a commit took place that is not known here', rowAt(20, 20), 30, { restore: 30 }],
  ['the first one', rowAt(10), 30, { restore: 30 }],
  ['it has gone back', rowAt(30, 30), 20, { restore: 20 }],
  ['somebody has moved it here', rowAt(25, 20), 20, { follow: true }],
  ['both: what was done on purpose counts', rowAt(25, 20), 30, { follow: true }],
  ['it was read without transactions', rowAt(25), 20, { follow: true }],
])('a position of the output, and one here: %s', (_case, row, stored, { restore, follow }: Record<string, unknown>) => {
  const found = reconciled(row, storedAt(stored as number));
  expect(found.restore.map(([, position]) => position)).toEqual(restore === undefined ? [] : [restore]);
  expect(found.follow).toEqual(follow ? [row] : []);
  expect(found).toMatchObject({ adopt: [], empty: false, missing: 0 });
});

test('a row that the output does not know of is told to it; that it was committed is another thing than that it never was', () => {
  for (const [row, missing] of [
    [rowAt(20), 0],
    [rowAt(20, 20), 1],
  ] as const) {
    expect(reconciled(row, new Map())).toMatchObject({ follow: [row], restore: [], empty: true, missing });
  }
});

test('what is not known here is made of what the output has, unless it is over; what is of others stays theirs', () => {
  const stored = storedAt(30);
  const [made] = reconcile(writer, [], stored, () => false).adopt;
  const row = SourceRow.from({ ...made!, key: 5, seen: 0 });
  expect(row).toMatchObject({ uid: 'u1', component: 'app/each', path: '/a', meta: { ino: '7' }, position: 30 });
  expect(row).toMatchObject({ committed: 30, moved: false });
  expect(row.ledger.account).toMatchObject({ delivered: 20, pending: 0 });
  expect(reconcile(writer, [], stored, () => true).adopt).toEqual([]);
});
