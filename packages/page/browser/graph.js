import { find, h, render } from './dom.js';
import { layoutOf } from './graph-layout.js';
import { graphOf } from './model.js';
import { mark } from './trouble.js';

/**
 * @import { AgentStatus } from '@logcatch/core'
 * @import { Box } from './model.js'
 */

const across = { width: 174, height: 74, gap: 104, space: 18, down: false };
/** Those from which the first that fits is taken, else the last, which is scrolled. */
const measures = [across, ...[160, 132, 100].map((width) => ({ width, height: 74, gap: 62, space: 8, down: true }))];
/** Pixels beyond the boxes, for lines and outlines. */
const margin = 4;

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
  const layouts = measures.values().map((measure) => ({ ...measure, drawn: layoutOf(boxes, lines, measure) }));
  const fits = (/** @type {number} */ width) => width + 2 * margin <= place.clientWidth;
  const { drawn, ...box } = /** @type {NonNullable<ReturnType<typeof layouts.find>>} */ (
    layouts.find(({ drawn, width }) => fits(drawn.width) || width === measures.at(-1)?.width)
  );
  const pixels = (/** @type {number} */ number) => `${Math.round(number)}px`;
  const size = { width: drawn.width + 2 * margin, height: drawn.height + 2 * margin };
  render(place, [
    h(
      'div',
      { class: 'drawing', style: { width: pixels(size.width), height: pixels(size.height) } },
      h(
        'svg',
        { ...size, viewBox: `${-margin} ${-margin} ${size.width} ${size.height}`, 'aria-hidden': 'true' },
        ...drawn.lines.map(({ path }, index) =>
          h(
            'g',
            { key: `${index}` },
            h('path', { class: 'line', d: path }),
            h('path', { class: `flow speed${lines[index]?.speed}`, d: path }),
          ),
        ),
      ),
      ...drawn.lines.map(({ label }, index) => {
        const { from, to, texts } = lines[index] ?? { from: '', to: '', texts: [] };
        const at = { left: pixels(label.x + margin), top: pixels(label.y + margin) };
        return h(
          'span',
          {
            key: `${from}
${to}`,
            class: 'edge',
            style: at,
            title: `${from} to ${to}`,
          },
          texts.join('\n'),
        );
      }),
      ...boxes.map((one) => {
        const { x, y } = drawn.boxes.get(one.id) ?? { x: 0, y: 0 };
        const style = {
          left: pixels(x + margin),
          top: pixels(y + margin),
          width: pixels(box.width),
          height: pixels(box.height),
        };
        return h(
          'button',
          {
            key: `box ${one.id}`,
            type: 'button',
            class: `box ${one.kind} ${one.level}`,
            style,
            title: `${one.kind} ${one.id}`,
            'aria-expanded': String(one.id === chosen),
            'aria-controls': 'component',
            onclick: () => choose(one.id),
          },
          h('span', { class: 'id' }, mark(one.level), one.id),
          h('span', { class: 'type' }, h('span', {}, one.type), h('span', { class: 'state' }, one.state)),
          h('span', { class: 'now' }, h('b', {}, one.flow), h('span', {}, one.note)),
        );
      }),
    ),
  ]);
  return boxes.find(({ id }) => id === chosen);
}
