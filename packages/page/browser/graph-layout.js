/**
 * Where the boxes and lines of a pipeline stand. Records flow to the right, or down where that is too wide.
 *
 * @typedef {{ id: string, kind: string }} Box
 * @typedef {{ from: string, to: string }} Line At most one between two boxes.
 * @typedef {object} Measure Pixels.
 * @property {number} width of a box
 * @property {number} height
 * @property {number} gap between two layers
 * @property {number} space between two boxes of one layer
 * @property {boolean} down
 * @typedef {{ x: number, y: number }} Point
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Map<string, Point>} boxes left upper corners by id
 * @property {{ path: string, label: Point }[]} lines in the order of those given
 */

/** Between two lines that leave or reach one box. */
const spread = 16;
/** What a line takes in a layer that it passes. */
const passing = 24;

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

  const [long, broad] = measure.down ? [measure.height, measure.width] : [measure.width, measure.height];
  const isBox = new Set(boxes.map(({ id }) => id));
  const breadth = (/** @type {string} */ id) => (isBox.has(id) ? broad : passing);
  const broads = layers.map((ids) => ids.reduce((sum, id) => sum + breadth(id) + measure.space, -measure.space));
  const across = Math.max(0, ...broads);
  const along = layers.length * long + depth * measure.gap;
  /** Where each begins: along the flow, and its middle across it. @type {Map<string, [along: number, middle: number]>} */
  const places = new Map();
  for (const [index, ids] of layers.entries()) {
    let at = (across - (broads[index] ?? 0)) / 2;
    for (const id of ids) {
      places.set(id, [index * (long + measure.gap), at + breadth(id) / 2]);
      at += breadth(id) + measure.space;
    }
  }
  const place = (/** @type {string} */ id) => places.get(id) ?? [0, 0];
  const point = (/** @type {number} */ a, /** @type {number} */ b) => (measure.down ? { x: b, y: a } : { x: a, y: b });
  const leaving = spreads(lines, 'from', (line) => place(routes[lines.indexOf(line)]?.stops[1] ?? line.to)[1]);
  const reaching = spreads(lines, 'to', (line) => place(routes[lines.indexOf(line)]?.stops.at(-2) ?? line.from)[1]);
  return {
    ...(measure.down ? { width: across, height: along } : { width: along, height: across }),
    boxes: new Map(
      boxes.map(({ id }) => {
        const [a, middle] = place(id);
        return [id, point(a, middle - broad / 2)];
      }),
    ),
    lines: routes.map(({ stops }, index) => {
      const line = /** @type {Line} */ (lines[index]);
      const ends = stops.map((id, stop) => {
        const [a, middle] = place(id);
        const shift = stop === 0 ? leaving.get(line) : stop === stops.length - 1 ? reaching.get(line) : 0;
        return { a, b: middle + (shift ?? 0) };
      });
      return drawn(ends, long, point, measure.down ? labelAt(line, lines) : 0.5);
    }),
  };
}

/**
 * Each line in curves from layer to layer; the label stands on the first.
 * @param {readonly { a: number, b: number }[]} ends
 * @param {number} long
 * @param {(a: number, b: number) => Point} point
 * @param {number} t where on the curve, from 0 to 1
 */
function drawn(ends, long, point, t) {
  const at = (/** @type {number} */ a, /** @type {number} */ b) => {
    const { x, y } = point(a, b);
    return `${Math.round(x)} ${Math.round(y)}`;
  };
  let path = '';
  let label = point(0, 0);
  for (let i = 1; i < ends.length; i++) {
    const from = /** @type {{ a: number, b: number }} */ (ends[i - 1]);
    const to = /** @type {{ a: number, b: number }} */ (ends[i]);
    const begin = from.a + long;
    const half = (begin + to.a) / 2;
    path += i === 1 ? `M${at(begin, from.b)}` : `L${at(begin, from.b)}`;
    path += `C${at(half, from.b)} ${at(half, to.b)} ${at(to.a, to.b)}`;
    if (i > 1) continue;
    const [a, b] = [1.5 * t * (1 - t) + t ** 3, 3 * t ** 2 - 2 * t ** 3];
    label = point(begin + (to.a - begin) * a, from.b + (to.b - from.b) * b);
  }
  return { path, label };
}

/**
 * Lines that run apart have their labels at their ends, others at their beginnings: there they are furthest from each other.
 * @param {Line} line
 * @param {readonly Line[]} lines
 */
function labelAt({ from, to }, lines) {
  if (lines.filter((line) => line.from === from).length > 1) return 0.68;
  return lines.filter((line) => line.to === to).length > 1 ? 0.32 : 0.5;
}

/**
 * Inputs come first, outputs last, and everything behind what feeds it.
 * @param {readonly Box[]} boxes
 * @param {readonly Line[]} lines
 * @returns {Map<string, number>}
 */
function layersOf(boxes, lines) {
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
 * @param {(line: Line) => number} other where its next stop is
 * @returns {Map<Line, number>}
 */
function spreads(lines, end, other) {
  return new Map(
    [...Map.groupBy(lines, (line) => line[end]).values()].flatMap((together) =>
      together
        .toSorted((a, b) => other(a) - other(b))
        .map((line, index) => /** @type {const} */ ([line, (index - (together.length - 1) / 2) * spread])),
    ),
  );
}
