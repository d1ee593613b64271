import { expect, test } from 'vitest';
import { layoutOf } from '../browser/graph-layout.js';

const measure = { width: 100, height: 50, gap: 40, space: 10 };
const boxes = [
  { id: 'app', kind: 'input' },
  { id: 'web', kind: 'input' },
  { id: 'parse', kind: 'transform' },
  { id: 'by', kind: 'transform' },
  { id: 'kafka', kind: 'output' },
  { id: 'audit', kind: 'output' },
];
const lines = [
  { from: 'app', to: 'parse' },
  { from: 'web', to: 'parse' },
  { from: 'parse', to: 'by' },
  { from: 'by', to: 'kafka' },
  { from: 'web', to: 'audit' },
];

test('layer by layer: inputs first, outputs last, a line around what it passes', () => {
  const layout = layoutOf(boxes, lines, measure);
  const x = (id: string) => layout.boxes.get(id)!.x;
  expect(['app', 'web', 'parse', 'by', 'kafka', 'audit'].map(x)).toEqual([0, 0, 140, 280, 420, 420]);
  expect(layout).toMatchObject({ width: 520, height: 110 });
  const ys = (id: string) => layout.boxes.get(id)!.y;
  expect(ys('web') - ys('app')).toBe(60);
  // It begins and ends at its boxes, and keeps clear of those between.
  const passing = layout.lines[4]!.path;
  expect(passing).toMatch(/^M100 .*L240 .*L380 .* 420 \d+$/);
  const middle = Number(/L240 (\d+)/.exec(passing)![1]);
  expect(middle < ys('parse') || middle > ys('parse') + 50).toBe(true);
});

test('lines end at their boxes, however many there are; labels of one box do not cover each other', () => {
  const many = Array.from({ length: 12 }, (_, index) => ({ from: `in${index}`, to: 'by' }));
  const exits = ['a', 'b', 'c'].map((to) => ({ from: 'by', to, texts: ['errors 1.5k/s', 'unmatched 2.5k/s'] }));
  const all = [
    ...many.map(({ from }) => ({ id: from, kind: 'input' })),
    { id: 'by', kind: 'transform' },
    ...['a', 'b', 'c'].map((id) => ({ id, kind: 'output' })),
  ];
  const { boxes, lines } = layoutOf(all, [...many, ...exits], measure);
  const { y, height } = boxes.get('by')!;
  for (const { path } of lines.slice(0, 12)) {
    const end = Number(/ (\d+)$/.exec(path)![1]);
    expect(end > y && end < y + height, path).toBe(true);
  }
  const labels = lines.slice(12).map(({ label }) => label!.y);
  expect(labels[1]! - labels[0]!).toBeGreaterThan(30);
  expect(labels[2]! - labels[1]!).toBeGreaterThan(30);
});

test('what goes in circles, leads nowhere or is not there ends too', () => {
  const strange = [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'a' },
  ];
  const two = [
    { id: 'a', kind: 'transform' },
    { id: 'b', kind: 'transform' },
  ];
  expect(layoutOf(two, strange, measure).boxes.size).toBe(2);
  expect(layoutOf([], [], measure)).toMatchObject({ lines: [] });
});
