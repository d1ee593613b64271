import { find, h, render } from './dom.js';
import { troublesOf } from './model.js';

/** @import { AgentStatus } from '@logcatch/core' */

/** @param {AgentStatus} status */
export function showTroubles(status) {
  const troubles = troublesOf(status);
  render(
    find('troubles', HTMLElement),
    troubles.length === 0
      ? [
          h(
            'p',
            { class: 'fine' },
            mark('good'),
            status.well ? 'Everything runs. There is nothing to do.' : 'Nothing is known to be wrong any more.',
          ),
        ]
      : troubles.map(({ what, state, level, why, hint, since }) =>
          h(
            'article',
            { class: `trouble ${level}` },
            h(
              'h3',
              {},
              mark(level),
              what,
              h('span', { class: 'state' }, since === '' ? state : `${state} for ${since}`),
            ),
            why !== '' && h('p', { class: 'why' }, ...linked(why)),
            hint !== '' && h('p', { class: 'hint' }, h('b', {}, 'Do: '), ...linked(hint)),
          ),
        ),
  );
}

/**
 * A sign beside the word, since colours are not for everybody.
 * @param {import('./model.js').Level} level
 */
export function mark(level) {
  const sign = { good: '\u25cf', news: '\u25d0', bad: '\u25b2' }[level];
  return h('span', { class: `mark ${level}`, 'aria-hidden': 'true' }, sign);
}

/**
 * What stands between backticks is a command or a name.
 * @param {string} text
 */
export function linked(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
}
