import { find, h, render } from './dom.js';
import { errorsOf } from './tables.js';
import { linked } from './trouble.js';

/**
 * @import { AgentStatus } from '@logcatch/core'
 * @param {AgentStatus} status
 */
export function showErrors(status) {
  const errors = errorsOf(status);
  render(
    find('errors', HTMLElement),
    errors.length === 0
      ? [h('p', { class: 'note' }, 'None since the start.')]
      : errors.map(({ key, component, code, message, hint, times, ago, fresh }) =>
          h(
            'article',
            { key, class: fresh ? 'error fresh' : 'error' },
            h('h3', {}, h('code', {}, code), ` ${component} `, h('span', { class: 'note' }, `${times} ${ago}`)),
            h('p', { class: 'why' }, ...linked(message)),
            hint !== '' && h('p', { class: 'hint' }, h('b', {}, 'Do: '), ...linked(hint)),
          ),
        ),
  );
}
