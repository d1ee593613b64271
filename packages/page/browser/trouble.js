import { find, h, render } from './dom.js';
import { silenceOf, troublesOf } from './tables.js';

/** @import { AgentStatus } from '@logcatch/core' */

/**
 * @param {AgentStatus} status
 * @param {boolean} answers whether that is how it is now
 */
export function showTroubles(status, answers) {
  const troubles = answers ? troublesOf(status) : [silenceOf(status)];
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
              `${what} `,
              h('span', { class: 'state' }, since === '' ? state : `${state} for ${since}`),
            ),
            why !== '' && h('p', { class: 'why' }, ...linked(why)),
            hint !== '' && h('p', { class: 'hint' }, h('b', {}, 'Do: '), ...linked(hint)),
          ),
        ),
  );
}

const disc = 'M1 6a5 5 0 0 1 10 0a5 5 0 0 1-10 0z';
const signs = { good: disc, news: `${disc}M6 2.5v7a3.5 3.5 0 0 0 0-7z`, bad: 'M6 1l5.5 10h-11z' };

/**
 * A sign beside the word, since colours are not for everybody. Drawn: characters look different everywhere.
 * @param {import('./model.js').Level} level
 */
export function mark(level) {
  return h(
    'svg',
    { class: `mark ${level}`, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    h('path', { d: signs[level], 'fill-rule': 'evenodd' }),
  );
}

/**
 * What stands between backticks is a command or a name.
 * @param {string} text
 */
export function linked(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
}
