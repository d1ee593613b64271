import { find, h, render } from './dom.js';
import { summaryOf } from './model.js';
import { period } from './units.js';

/** @import { AgentStatus } from '@logcatch/core' */

/** Seconds that the small curves show. */
const shown = 90;
const [width, height] = [120, 28];
/** @type {{ at: number, read: number, written: number }[]} */
let history = [];

/**
 * What stands above everything.
 * @param {{ name?: string, level?: 'good' | 'bad', verdict?: string, facts?: string }} one
 */
export function showVerdict({ name = 'logcatch', level = 'good', verdict = '', facts = '' }) {
  document.title = name === 'logcatch' ? name : `${level === 'good' ? '' : '\u25b2 '}${name} - logcatch`;
  find('name', HTMLElement).textContent = name;
  const badge = find('verdict', HTMLElement);
  badge.className = `badge ${level}`;
  // It is read out when it changes.
  if (badge.textContent !== verdict) badge.textContent = verdict;
  find('facts', HTMLElement).textContent = facts;
}

/**
 * The verdict, who it is, and the figures.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @param {boolean} answers whether that is how it is now
 */
export function showSummary(before, after, answers) {
  const { name, well, host, pid, version, startedAt, at, agentId } = after;
  showVerdict({
    name,
    level: well && answers ? 'good' : 'bad',
    verdict: !answers ? 'does not answer' : well ? 'runs well' : 'does not run well',
    facts: `${agentId} on ${host}, pid ${pid}, logcatch ${version}, up ${period(at - startedAt)}`,
  });
  const { figures, read, written } = summaryOf(before, after);
  // The same look may be shown again.
  if (read === undefined) history = [];
  else if (history.at(-1)?.at !== at) history = [...history, { at, read, written: written ?? 0 }].slice(-shown);
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
