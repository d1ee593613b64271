import { expect, test } from 'vitest';
import { listOf } from '../browser/graph-list.js';

const boxes = [
  { id: 'kafka', kind: 'output' },
  { id: 'app', kind: 'input' },
  { id: 'web', kind: 'input' },
  { id: 'by', kind: 'transform' },
  { id: 'some', kind: 'transform' },
];
const lines = [
  { from: 'app', to: 'by' },
  { from: 'web', to: 'by' },
  { from: 'by', to: 'some' },
  { from: 'some', to: 'kafka' },
  { from: 'by', to: 'kafka' },
];

test('below each other, as wide as there is room; lines run beside them, those to one box together', () => {
  const { boxes: places, lines: drawn, width, height } = listOf(boxes, lines, 340);
  const order = [...places].toSorted(([, a], [, b]) => a.y - b.y).map(([id]) => id);
  expect(order).toEqual(['app', 'web', 'by', 'some', 'kafka']);
  expect(new Set([...places.values()].map((box) => box.x + box.width))).toEqual(new Set([width]));
  expect(places.get('kafka')!.y + places.get('kafka')!.height).toBe(height);
  const rail = (index: number) => Number(/Q(\d+) /.exec(drawn[index]!.path)![1]);
  expect(rail(0)).toBe(rail(1));
  expect(rail(3)).toBe(rail(4));
  // What comes from the one above alone needs no way around.
  expect(drawn[2]!.path).toMatch(/^M\d+ \d+V\d+$/);
});

test('lines to several boxes run beside each other, and not at all where there are none', () => {
  const two = [
    { from: 'app', to: 'by' },
    { from: 'app', to: 'some' },
  ];
  const rails = listOf(boxes, two, 340).lines.map(({ path }) => Number(/Q(\d+) /.exec(path)![1]));
  expect(rails[0]).toBeGreaterThan(rails[1]!);
  expect(listOf(boxes, [], 340).boxes.get('app')).toMatchObject({ x: 0, width: 340 });
  expect(listOf([], [], 340)).toMatchObject({ height: 0, lines: [] });
});
