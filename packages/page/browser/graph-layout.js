/**
 * Where the boxes and lines of a pipeline stand: records flow to the right, layer by layer.
 *
 * @typedef {{ id: string, kind: string }} Box
 * @typedef {{ from: string, to: string, texts?: readonly string[] }} Line At most one between two boxes.
 * @typedef {object} Measure Pixels.
 * @property {number} width of a box
 * @property {number} height
 * @property {number} gap between two layers
 * @property {number} space between two boxes of one layer
 * @typedef {{ x: number, y: number }} Point
 * @typedef {Point & { width: number, height: number }} Place left upper corner, and size
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Map<string, Place>} boxes by id
 * @property {{ path: string, label?: Point }[]} lines in the order of those given
 */

/** Between two lines that leave or reach one box, and from its corners. */
const [spread, corner] = [16, 6];
/** What a row of a label takes, and one of its characters. */
const [row, character] = [15, 6.2];

/**
 * @param {readonly Box[]} boxes
 * @param {readonly Line[]} lines
 * @param {Measure} measure
 * @returns {Layout}
 */
export function layoutOf(boxes, lines, measure) {
  const layerOf = layersOf(boxes, lines);
  const depth = Math.max(0, ...layerOf.values());
  /** @type {string[][]} */
  const layers = Array.from({ length: depth + 1 }, () => []);
  for (const { id } of boxes) layers[layerOf.get(id) ?? 0]?.push(id);
  const routes = lines.map((line, index) => routeOf(line, index, layerOf));
  for (const { passed } of routes) for (const { id, layer } of passed) layers[layer]?.push(id);
  sortLayers(layers, routes);

  const { width, height, gap, space } = measure;
  const room = (/** @type {string} */ id) => {
    const line = lines[Number(id.split('\n', 1)[0])];
    return boxIds.has(id) ? height : rowsOf(line?.texts ?? [''], gap) * row + corner;
  };
  const boxIds = new Set(boxes.map(({ id }) => id));
  const heights = layers.map((ids) => ids.reduce((sum, id) => sum + room(id) + space, -space));
  const highest = Math.max(0, ...heights);
  /** Left side and middle of each. @type {Map<string, Point>} */
  const places = new Map();
  for (const [index, ids] of layers.entries()) {
    let y = (highest - (heights[index] ?? 0)) / 2;
    for (const id of ids) {
      places.set(id, { x: index * (width + gap), y: y + room(id) / 2 });
      y += room(id) + space;
    }
  }
  const place = (/** @type {string} */ id) => places.get(id) ?? { x: 0, y: 0 };
  const routeTo = new Map(lines.map((line, index) => [line, routes[index]?.stops ?? []]));
  const leaving = spreads(lines, 'from', height, (line) => place(routeTo.get(line)?.[1] ?? line.to).y);
  const reaching = spreads(lines, 'to', height, (line) => place(routeTo.get(line)?.at(-2) ?? line.from).y);
  return {
    width: layers.length * width + depth * gap,
    height: highest,
    boxes: new Map(boxes.map(({ id }) => [id, { x: place(id).x, y: place(id).y - height / 2, width, height }])),
    lines: lines.map((line) => {
      const stops = routeTo.get(line) ?? [];
      const points = stops.map((id, stop) => {
        const shift = stop === 0 ? leaving.get(line) : stop === stops.length - 1 ? reaching.get(line) : 0;
        return { x: place(id).x, y: place(id).y + (shift ?? 0) };
      });
      const several = lines.some((other) => other !== line && other.from === line.from);
      return drawn(points, width, several ? 0.6 : 0.5);
    }),
  };
}

/**
 * Of a label between two layers, where a word that is too long has a row of its own.
 * @param {readonly string[]} texts
 * @param {number} gap
 */
function rowsOf(texts, gap) {
  return texts.reduce((rows, text) => rows + (text.length * character > gap ? 2 : 1), 0);
}

/**
 * A line in curves from layer to layer; its label stands on the first.
 * @param {readonly Point[]} points
 * @param {number} width of a box
 * @param {number} t where on the curve the label stands, from 0 to 1: where lines run apart, further from the others
 */
function drawn(points, width, t) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => `${Math.round(x)} ${Math.round(y)}`;
  let path = '';
  let label = { x: 0, y: 0 };
  for (const [index, to] of points.entries()) {
    const from = points[index - 1];
    if (!from) continue;
    const begin = from.x + width;
    const half = (begin + to.x) / 2;
    path += index === 1 ? `M${at(begin, from.y)}` : `L${at(begin, from.y)}`;
    path += `C${at(half, from.y)} ${at(half, to.y)} ${at(to.x, to.y)}`;
    const [x, y] = [1.5 * t * (1 - t) + t ** 3, 3 * t ** 2 - 2 * t ** 3];
    if (index === 1) label = { x: begin + (to.x - begin) * x, y: from.y + (to.y - from.y) * y };
  }
  return { path, label };
}

/**
 * Inputs come first, outputs last, and everything behind what feeds it.
 * @param {readonly Box[]} boxes
 * @param {readonly Line[]} lines
 * @returns {Map<string, number>}
 */
export function layersOf(boxes, lines) {
  const layers = new Map(boxes.map(({ id, kind }) => [id, kind === 'input' ? 0 : 1]));
  // As often as there are boxes is enough where nothing goes in circles.
  for (let round = 0; round < boxes.length; round++) {
    let moved = false;
    for (const { from, to } of lines) {
      const least = (layers.get(from) ?? 0) + 1;
      if ((layers.get(to) ?? 0) >= least) continue;
      layers.set(to, least);
      moved = true;
    }
    if (!moved) break;
  }
  const last = Math.max(0, ...layers.values());
  for (const { id, kind } of boxes) if (kind === 'output') layers.set(id, last);
  return layers;
}

/**
 * @param {Line} line
 * @param {number} index
 * @param {Map<string, number>} layerOf
 */
function routeOf({ from, to }, index, layerOf) {
  const [first, last] = [layerOf.get(from) ?? 0, layerOf.get(to) ?? 0];
  /** @type {{ id: string, layer: number }[]} */
  const passed = [];
  for (let layer = first + 1; layer < last; layer++) passed.push({ id: `${index}\n${layer}`, layer });
  return { stops: [from, ...passed.map(({ id }) => id), to], passed };
}

/**
 * Each layer in the order of what leads to it, so that fewer lines cross.
 * @param {string[][]} layers
 * @param {readonly { stops: readonly string[] }[]} routes
 */
function sortLayers(layers, routes) {
  /** @type {Map<string, string[]>} */
  const before = new Map();
  for (const { stops } of routes) {
    for (const [index, id] of stops.entries()) {
      const earlier = stops[index - 1];
      if (earlier !== undefined) before.set(id, [...(before.get(id) ?? []), earlier]);
    }
  }
  for (const [index, ids] of layers.entries()) {
    const above = new Map((layers[index - 1] ?? []).map((id, position) => [id, position]));
    const weight = new Map(
      ids.map((id, position) => {
        const known = (before.get(id) ?? []).flatMap((one) => above.get(one) ?? []);
        const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
        return [id, known.length > 0 ? mean : position];
      }),
    );
    ids.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
  }
}

/**
 * How far from the middle of its box each line ends: in the order of where it comes from or goes to.
 * @param {readonly Line[]} lines
 * @param {'from' | 'to'} end
 * @param {number} height of a box, which they do not leave
 * @param {(line: Line) => number} other where its next stop is
 * @returns {Map<Line, number>}
 */
function spreads(lines, end, height, other) {
  return new Map(
    [...Map.groupBy(lines, (line) => line[end]).values()].flatMap((together) => {
      const between = Math.min(spread, (height - 2 * corner) / Math.max(1, together.length - 1));
      return together
        .toSorted((a, b) => other(a) - other(b))
        .map((line, index) => /** @type {const} */ ([line, (index - (together.length - 1) / 2) * between]));
    }),
  );
}
