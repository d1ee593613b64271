import { find, h, render } from './dom.js';
import { detailsOf } from './model.js';
import { linked } from './trouble.js';

/**
 * @import { AgentStatus } from '@logcatch/core'
 * @import { Box } from './model.js'
 */

/**
 * All about the component that is chosen.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @param {Box | undefined} box
 * @param {{ files(id: string): void, lines(id: string): void, close(): void }} go
 */
export function showComponent(before, after, box, go) {
  const place = find('component', HTMLElement);
  if (!box) {
    render(place, []);
    return;
  }
  const { id, kind, type } = box;
  const ill = box.members.filter(({ reason }) => reason !== '').slice(0, 3);
  render(place, [
    h(
      'div',
      { class: 'bar' },
      h('h3', {}, `${kind} ${id}`, h('span', { class: 'note' }, ` ${type}`)),
      h(
        'div',
        { class: 'row' },
        kind === 'input' && h('button', { type: 'button', class: 'quiet', onclick: () => go.files(id) }, 'Its files'),
        after.http?.lines && h('button', { type: 'button', class: 'quiet', onclick: () => go.lines(id) }, 'Its lines'),
        h('button', { type: 'button', class: 'quiet', onclick: go.close }, 'Close'),
      ),
    ),
    ...ill.map(({ reason, hint }) =>
      h(
        'p',
        { class: 'why' },
        ...linked(reason),
        hint !== '' && !reason.endsWith(hint) && h('span', { class: 'hint' }, h('b', {}, ' Do: '), ...linked(hint)),
      ),
    ),
    h(
      'dl',
      {},
      ...detailsOf(before, after, box).map(([term, text]) => h('div', {}, h('dt', {}, term), h('dd', {}, text))),
    ),
  ]);
}
