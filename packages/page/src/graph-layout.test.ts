import { expect, test } from 'vitest';
import { layoutOf } from '../browser/graph-layout.js';

const measure = { width: 100, height: 50, gap: 40, space: 10, down: false };
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

test('down, where it is too wide: the same with sides exchanged', () => {
  const layout = layoutOf(boxes, lines, { ...measure, down: true });
  expect(layout.boxes.get('kafka')!.y).toBe(270);
  expect(layout.boxes.get('app')!.y).toBe(0);
  expect(layout.width).toBe(210);
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
