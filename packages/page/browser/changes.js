import { find, h, render } from './dom.js';
import { configurationOf } from './tables.js';
import { linked, mark } from './trouble.js';

/**
 * @import { AgentStatus } from '@logcatch/core'
 * @param {AgentStatus} status
 */
export function showConfiguration(status) {
  const { file, changes, sources, recent } = configurationOf(status);
  render(find('configuration', HTMLElement), [
    h('p', {}, h('span', { class: 'path' }, file), h('span', { class: 'note' }, changes)),
    sources.length > 0 &&
      h(
        'ul',
        { class: 'sources' },
        ...sources.map(({ name, type, summary, state, level, revision, loaded }) =>
          h(
            'li',
            { key: name },
            h('b', {}, mark(level), name),
            h('span', {}, revision === '' ? loaded : `revision ${revision}, ${loaded}`),
            h('span', { class: 'note' }, `${type}, ${state}: ${summary}`),
          ),
        ),
      ),
    recent.length > 0 &&
      h(
        'ol',
        { class: 'changes' },
        ...recent.map(({ number, what, result, level, ago, text }) =>
          h(
            'li',
            { key: `${number}` },
            h('b', {}, mark(level), `${number}. ${what}: ${result}`),
            h('span', { class: 'note' }, ago),
            text !== '' && h('p', { class: 'why' }, ...linked(text)),
          ),
        ),
      ),
  ]);
}
