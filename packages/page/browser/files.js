import { find, h, render } from './dom.js';
import { filesOf } from './tables.js';
import { count, plural } from './units.js';

/**
 * @import { FileList } from '@logcatch/core'
 * @param {FileList} list
 * @param {number} at milliseconds since the epoch
 */
export function showFiles({ files: listed, matching, open }, at) {
  const files = filesOf(listed, at);
  const behind = files.filter((file) => file.behind).length;
  const some = matching < open ? `${count(matching)} of ${plural(open, 'file')}` : plural(open, 'file');
  const most = matching > files.length ? `, ${count(files.length)} with the most lag` : '';
  find('files-count', HTMLElement).textContent = `${some}${most}, ${behind === 0 ? 'none' : count(behind)} behind`;
  render(
    find('files', HTMLElement),
    files.length === 0
      ? [h('p', { class: 'note' }, open === 0 ? 'No file is open.' : 'No path holds that.')]
      : [
          h(
            'table',
            { class: 'files' },
            h(
              'thead',
              {},
              h(
                'tr',
                {},
                ...['file', 'lag', 'oldest', 'on the way', 'position'].map((title) => h('th', { scope: 'col' }, title)),
              ),
            ),
            ...files.map(row),
          ),
        ],
  );
}

/** @param {ReturnType<typeof filesOf>[number]} file */
function row({ key, path, title, component, lag, behind, oldest, onTheWay, position, paused, ledger, shares }) {
  const cell = (/** @type {string} */ label, /** @type {string} */ text) => h('td', { 'data-label': label }, text);
  return h(
    'tbody',
    { key, class: behind ? 'behind' : '' },
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('span', { class: 'path', title }, path), h('span', { class: 'note' }, component)),
      cell('lag', lag),
      cell('oldest', oldest),
      cell('on the way', onTheWay),
      cell('position', position),
    ),
    h(
      'tr',
      { class: 'ledger' },
      h(
        'td',
        { colspan: 5 },
        h(
          'span',
          { class: 'shares', 'aria-hidden': 'true' },
          ...Object.entries(shares).map(([name, share]) =>
            h('i', { class: name, style: { width: `${share.toFixed(2)}%` } }),
          ),
        ),
        paused !== '' && h('b', { class: 'paused' }, `paused: ${paused}. `),
        h('span', { class: 'note' }, ledger),
      ),
    ),
  );
}
