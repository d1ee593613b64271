import { find, h, render } from './dom.js';
import { layoutOf } from './graph-layout.js';
import { listOf } from './graph-list.js';
import { graphOf } from './model.js';
import { mark } from './trouble.js';

/**
 * @import { AgentStatus } from '@logcatch/core'
 * @import { Box, Line } from './model.js'
 */

const roomy = { width: 174, height: 74, gap: 104, space: 18 };
const dense = { width: 160, height: 48, gap: 80, space: 10 };
/** Pixels: beyond that boxes are small, and a list is not wider. */
const [tall, wide] = [420, 560];
/** Pixels beyond the boxes, for lines and outlines. */
const margin = 4;

/**
 * The first that fits.
 * @param {readonly Box[]} boxes
 * @param {readonly Line[]} lines
 * @param {number} room pixels
 */
function layoutFor(boxes, lines, room) {
  const large = layoutOf(boxes, lines, roomy);
  if (large.width <= room && large.height <= tall) return { name: 'roomy', layout: large };
  const small = layoutOf(boxes, lines, dense);
  if (small.width <= room) return { name: 'dense', layout: small };
  return { name: 'dense rows', layout: listOf(boxes, lines, Math.min(room, wide)) };
}

/**
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @param {string | undefined} chosen
 * @param {(id: string) => void} choose
 * @returns {Box | undefined} the one that is chosen
 */
export function showGraph(before, after, chosen, choose) {
  const { boxes, lines } = graphOf(before, after);
  const place = find('graph', HTMLElement);
  const { name, layout } = layoutFor(boxes, lines, place.clientWidth - 2 * margin);
  const pixels = (/** @type {number} */ number) => `${Math.round(number)}px`;
  const size = { width: layout.width + 2 * margin, height: layout.height + 2 * margin };
  render(place, [
    h(
      'div',
      { class: `drawing ${name}`, style: { width: pixels(size.width), height: pixels(size.height) } },
      h(
        'svg',
        { ...size, viewBox: `${-margin} ${-margin} ${size.width} ${size.height}`, 'aria-hidden': 'true' },
        ...layout.lines.map(({ path }, index) =>
          h(
            'g',
            { key: `${index}` },
            h('path', { class: 'line', d: path }),
            h('path', { class: `flow speed${lines[index]?.speed}`, d: path }),
          ),
        ),
      ),
      ...layout.lines.map(({ label }, index) => {
        const line = lines[index];
        // What leaves by one way alone stands in its box.
        if (!line || !label || (name !== 'roomy' && !line.named)) return false;
        const { from, to, texts } = line;
        return h(
          'span',
          {
            key: `${from}\n${to}`,
            class: 'edge',
            style: { left: pixels(label.x + margin), top: pixels(label.y + margin) },
            title: `${from} to ${to}`,
          },
          h('span', { class: 'unseen' }, `${from} to ${to}: `),
          texts.join('\n'),
        );
      }),
      ...boxes.map((box) => {
        const { x = 0, y = 0, width = 0, height = 0 } = layout.boxes.get(box.id) ?? {};
        return h(
          'button',
          {
            key: `box ${box.id}`,
            type: 'button',
            class: `box ${box.kind} ${box.level}`,
            style: { left: pixels(x + margin), top: pixels(y + margin), width: pixels(width), height: pixels(height) },
            title: `${box.kind} ${box.id}`,
            'aria-label': [`${box.kind} ${box.id}`, box.state, box.flow, box.note].filter(Boolean).join(', '),
            'aria-expanded': String(box.id === chosen),
            'aria-controls': 'component',
            onclick: () => choose(box.id),
          },
          ...(name === 'roomy' ? roomyText(box) : denseText(box, name === 'dense rows')),
        );
      }),
    ),
  ]);
  return boxes.find(({ id }) => id === chosen);
}

/** @param {Box} box */
function roomyText({ id, type, level, state, flow, note }) {
  return [
    h('span', { class: 'id' }, mark(level), id),
    h('span', { class: 'pair' }, h('span', {}, type), h('span', { class: 'state' }, state)),
    h('span', { class: 'pair' }, h('b', {}, flow), h('span', {}, note)),
  ];
}

/**
 * What matters most of it.
 * @param {Box} box
 * @param {boolean} wide where no label says what leaves by which exit
 */
function denseText({ id, type, level, state, flow, note, brief, exits }, wide) {
  const name = h('span', { class: 'id' }, mark(level), id);
  const ill = level !== 'good' && h('span', { class: 'state' }, state);
  if (!wide)
    return [name, h('span', { class: 'pair' }, h('b', {}, brief.flow), ill || h('span', {}, brief.note || type))];
  return [
    h('span', { class: 'pair' }, name, h('b', {}, flow)),
    h('span', { class: 'pair' }, h('span', {}, exits || note || type), ill),
  ];
}
