import { find, h, render } from './dom.js';
import { lanesOf } from './tables.js';
import { linked, mark } from './trouble.js';
import { count } from './units.js';

/**
 * @import { AgentStatus } from '@logcatch/core'
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 */
export function showLanes(before, after) {
  const outputs = lanesOf(before, after);
  find('lanes-panel', HTMLElement).hidden = outputs.length === 0;
  render(
    find('lanes', HTMLElement),
    outputs.map(({ output, lanes, more }) =>
      h(
        'table',
        { key: output, class: 'lanes' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...[`lane of ${output}`, 'state', 'written', 'queued', 'in flight', 'retries'].map((title) =>
              h('th', { scope: 'col' }, title),
            ),
          ),
        ),
        ...lanes.map(({ name, state, level, flow, queued, inFlight, retries, why, hint }) =>
          h(
            'tbody',
            { key: name },
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, h('span', { class: 'path' }, name)),
              h('td', { 'data-label': 'state' }, mark(level), state),
              ...Object.entries({ written: flow, queued, 'in flight': inFlight, retries }).map(([label, text]) =>
                h('td', { 'data-label': label }, text),
              ),
            ),
            why !== '' &&
              h(
                'tr',
                { class: 'ledger' },
                h(
                  'td',
                  { colspan: 6 },
                  h('span', { class: 'why' }, ...linked(why)),
                  hint !== '' && h('span', { class: 'hint' }, h('b', {}, ' Do: '), ...linked(hint)),
                ),
              ),
          ),
        ),
        more > 0 && h('tfoot', {}, h('tr', {}, h('td', { colspan: 6, class: 'note' }, `and ${count(more)} more`))),
      ),
    ),
  );
}
