import { find, h, render } from './dom.js';
import { summaryOf } from './model.js';
import { period } from './units.js';

/** @import { AgentStatus } from '@logcatch/core' */

/** Seconds that the small curves show. */
const shown = 90;
const [width, height] = [120, 28];
/** @type {{ read: number, written: number }[]} */
let history = [];

/**
 * The verdict, who it is, and the figures.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 */
export function showSummary(before, after) {
  const { name, well, host, pid, version, startedAt, at, agentId } = after;
  const verdict = well ? 'runs well' : 'does not run well';
  document.title = `${well ? '' : '\u25b2 '}${name} - logcatch`;
  find('name', HTMLElement).textContent = name;
  const badge = find('verdict', HTMLElement);
  badge.className = `badge ${well ? 'good' : 'bad'}`;
  // It is read out when it changes.
  if (badge.textContent !== verdict) badge.textContent = verdict;
  find('facts', HTMLElement).textContent =
    `${agentId} on ${host}, pid ${pid}, logcatch ${version}, up ${period(at - startedAt)}`;
  const { figures, read, written } = summaryOf(before, after);
  if (read === undefined) history = [];
  else history = [...history, { read, written: written ?? 0 }].slice(-shown);
  const most = Math.max(1, ...history.flatMap(({ read, written }) => [read, written]));
  render(
    find('figures', HTMLElement),
    figures.map(({ label, value, note, level }) =>
      h(
        'div',
        { key: label, class: `figure ${level}` },
        h('span', { class: 'label' }, label),
        h('strong', {}, value),
        h('span', { class: 'note' }, note),
        (label === 'read' || label === 'written') &&
          curve(
            history.map((one) => one[label]),
            most,
          ),
      ),
    ),
  );
}

/**
 * @param {readonly number[]} values
 * @param {number} most
 */
function curve(values, most) {
  const points = values.map((value, index) => {
    const x = width - (values.length - 1 - index) * (width / (shown - 1));
    return `${x.toFixed(1)},${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`;
  });
  return h(
    'svg',
    { class: 'curve', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    h('polyline', { points: points.join(' ') }),
  );
}
