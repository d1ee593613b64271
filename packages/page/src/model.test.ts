import type { ComponentStatus } from '@logcatch/core';
import { expect, test } from 'vitest';
import { detailsOf, graphOf, summaryOf, tappableOf } from '../browser/model.js';
import { input, now, output, statusOf, transform } from './fixtures/status.ts';

const flow = (records: number) => ({ records, bytes: records * 200 });
/** After so many records: two inputs of one `each`, a transform with two exits, and an output that writes half. */
const moving = (records: number, changes: Partial<ComponentStatus> = {}) => [
  input('app/a', { in: flow(records), out: flow(records) }, 1 << 20),
  input('app/b', { in: flow(records), out: flow(records) }),
  transform('by', {
    in: flow(2 * records),
    out: flow(2 * records),
    exits: { errors: flow(records / 2), rest: flow(1.5 * records) },
  }),
  output('kafka', { in: flow(2 * records), out: flow(records), ...changes }),
];
const before = statusOf(moving(0), { at: now - 2_000, process: { cpu: 9, memory: 0 } });
const after = statusOf(moving(10_000), {
  graph: {
    ...before.graph,
    edges: [
      { from: 'app', to: 'by' },
      { from: 'by', exit: 'errors', to: 'kafka' },
      { from: 'by', exit: 'rest', to: 'kafka' },
    ],
  },
});

test('figures: rates between two looks at one process, lag with its age', () => {
  const { figures, read, written } = summaryOf(before, after);
  expect({ read, written }).toEqual({ read: 10_000, written: 5_000 });
  expect(figures.map(({ label, value, note }) => `${label} ${value} ${note}`)).toEqual([
    'read 10,000/s 1.9 MiB/s',
    'written 5,000/s 976.6 KiB/s',
    'lag 1.0 MiB oldest 12m',
    'queued 7 buffers 0 %',
    'dead letters 0 B of 64.0 MiB',
    'CPU 50 % 90.0 MiB',
  ]);
});

test('no rates from one look, nor from another process', () => {
  for (const earlier of [undefined, { ...before, startedAt: now - 1 }])
    expect(summaryOf(earlier, after).figures.map(({ value }) => value)).toEqual(['-', '-', '1.0 MiB', '7', '0 B', '-']);
});

test('the graph: entries of an each are one box, exits of one line are told apart', () => {
  const { boxes, lines } = graphOf(before, after);
  expect(boxes).toMatchObject([
    {
      id: 'app',
      type: 'file-tail × 2',
      state: 'running',
      level: 'good',
      flow: '10,000/s',
      note: 'lag 1.0 MiB, 12m',
      brief: { flow: '10k/s', note: '12m behind' },
    },
    { id: 'by', type: 'route', flow: '10,000/s', note: '', exits: 'errors 2.5k/s, rest 7.5k/s' },
    { id: 'kafka', flow: '5,000/s', note: 'queue 7' },
  ]);
  expect(lines).toEqual([
    { from: 'app', to: 'by', texts: ['10k/s'], named: false, speed: 3 },
    { from: 'by', to: 'kafka', texts: ['errors 2.5k/s', 'rest 7.5k/s'], named: true, speed: 3 },
  ]);
  expect(graphOf(undefined, after).lines[0]).toMatchObject({ texts: ['-'], speed: 0 });
  expect(tappableOf(after)).toEqual(['app', 'by', 'by.errors', 'by.rest', 'kafka']);
});

test('a component that waits for its configuration has its box', () => {
  const graph = {
    nodes: [{ kind: 'input', id: 'list', type: 'file-tail', waits: ['collect'] }],
    edges: [],
    values: [],
  };
  const status = statusOf([], {
    graph: graph as never,
    waiting: [{ kind: 'input', id: 'list', sources: ['collect'] }],
  });
  expect(graphOf(undefined, status).boxes).toMatchObject([{ state: 'waiting', level: 'news', note: 'for collect' }]);
});

test('one component in words', () => {
  const [box, by] = graphOf(before, after).boxes;
  expect(Object.fromEntries(detailsOf(before, after, by!))).toMatchObject({
    from: 'app',
    to: 'kafka (errors), kafka (rest)',
  });
  expect(Object.fromEntries(detailsOf(before, after, box!))).toMatchObject({
    read: '20,000 records, 3.8 MiB; 10,000/s, 1.9 MiB/s',
    lag: '1.0 MiB, of it 0 B on the way',
    files: '4',
  });
});
