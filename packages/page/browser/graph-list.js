/**
 * The boxes of a pipeline below each other, where there is no room beside each other: inputs first, outputs last. Lines run
 * down on the left, those to one box together.
 */
import { layersOf } from './graph-layout.js';

/** @import { Box, Layout, Line } from './graph-layout.js' */

/** Pixels. */
const height = 48;
const space = { inLayer: 6, between: 16 };
/** Between two that run down beside each other, and how round their corners are. */
const [rail, round] = [12, 6];

/**
 * @param {readonly Box[]} boxes
 * @param {readonly Line[]} lines
 * @param {number} width of all
 * @returns {Layout}
 */
export function listOf(boxes, lines, width) {
  const layers = layersOf(boxes, lines);
  const sorted = boxes.toSorted((a, b) => (layers.get(a.id) ?? 0) - (layers.get(b.id) ?? 0));
  const rows = new Map(sorted.map(({ id }, index) => [id, index]));
  const rowOf = (/** @type {string} */ id) => rows.get(id) ?? 0;
  const rails = railsOf(lines, rowOf);
  const left = rails.size > 0 ? (Math.max(...rails.values()) + 1) * rail + round : 0;
  let y = 0;
  const places = new Map(
    sorted.map(({ id }, index) => {
      if (index > 0) {
        const same = layers.get(sorted[index - 1]?.id ?? '') === layers.get(id);
        y += height + (same ? space.inLayer : space.between);
      }
      return [id, { x: left, y, width: width - left, height }];
    }),
  );
  const middle = (/** @type {string} */ id) => (places.get(id)?.y ?? 0) + height / 2;
  return {
    width,
    height: sorted.length > 0 ? y + height : 0,
    boxes: places,
    lines: lines.map(({ from, to }) => {
      const at = rails.get(to);
      if (at === undefined) return { path: `M${left + 24} ${middle(from) + height / 2}V${middle(to) - height / 2}` };
      // Above the one that runs from there.
      const [begin, end] = [middle(from) + round, middle(to) - round];
      const x = left - round - (at + 1) * rail + rail / 2;
      const turn = end > begin ? round : -round;
      return {
        path: `M${left} ${begin}H${x + round}Q${x} ${begin} ${x} ${begin + turn}V${end - turn}Q${x} ${end} ${x + round} ${end}H${left}`,
      };
    }),
  };
}

/**
 * Beside which box how far out the lines to it run, the nearest 0: none where they come from the one above alone.
 * @param {readonly Line[]} lines
 * @param {(id: string) => number} rowOf
 * @returns {Map<string, number>}
 */
function railsOf(lines, rowOf) {
  const spans = [...Map.groupBy(lines, ({ to }) => to)].map(([to, all]) => {
    const ends = [to, ...all.map(({ from }) => from)].map(rowOf);
    return {
      to,
      first: Math.min(...ends),
      last: Math.max(...ends),
      next: all.length === 1 && rowOf(to) - Math.min(...ends) === 1,
    };
  });
  /** @type {Map<string, number>} */
  const rails = new Map();
  /** @type {(typeof spans)[]} */
  const taken = [];
  for (const span of spans.filter(({ next }) => !next).toSorted((a, b) => a.last - a.first - (b.last - b.first))) {
    let at = 0;
    while (taken[at]?.some(({ first, last }) => first < span.last && span.first < last)) at++;
    taken[at] = [...(taken[at] ?? []), span];
    rails.set(span.to, at);
  }
  return rails;
}
