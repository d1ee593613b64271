import { follow, isSilence, patience, Unknown } from './agent.js';
import { find, h, render } from './dom.js';
import { LineBuffer } from './line-buffer.js';
import { tappableOf } from './model.js';
import { count } from './units.js';

/** @import { AgentStatus } from '@logcatch/core' */

/** Milliseconds between two looks at what came. */
const interval = 250;
const examples = { grep: 'error|warn', where: 'message.contains("error")' };

/**
 * Lines as they pass, for as long as somebody looks.
 * @param {(error: unknown) => void} unknown the agent wants a token
 */
export function liveLines(unknown) {
  const form = find('lines-form', HTMLFormElement);
  const component = find('lines-component', HTMLSelectElement);
  const mode = find('lines-mode', HTMLSelectElement);
  const filter = find('lines-filter', HTMLInputElement);
  const button = find('lines-button', HTMLButtonElement);
  const problem = find('lines-problem', HTMLElement);
  const list = find('lines', HTMLElement);
  const buffer = new LineBuffer();
  /** @type {AbortController | undefined} */
  let looking;
  /** What is looked at, to be looked at again when the page is seen again. @type {string | undefined} */
  let wanted;
  /** When the agent said something last: milliseconds since the epoch. */
  let heard = 0;
  /** It is shown soon. */
  let due = false;

  const show = () => {
    due = false;
    const bottom = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    render(list, [
      buffer.lines.length === 0 &&
        h('li', { key: 'none', class: 'none' }, 'Nothing that is looked for has passed yet.'),
      ...buffer.lines.map(({ key, time, component, place, attributes, message }) =>
        h(
          'li',
          { key, title: attributes === '' ? place : `${place}\n${attributes}` },
          h('span', { class: 'time' }, time),
          h('span', { class: 'from' }, component),
          h('span', { class: 'message' }, message),
        ),
      ),
    ]);
    if (bottom) list.scrollTop = list.scrollHeight;
    const waits = buffer.components === 0 ? 'nothing runs there now; ' : '';
    const missed = buffer.skipped > 0 ? `, ${count(buffer.skipped)} not looked at: there were too many` : '';
    find('lines-count', HTMLElement).textContent =
      wanted === undefined && buffer.seen === 0 ? '' : `${waits}${count(buffer.seen)} passed${missed}`;
  };

  const stop = () => {
    looking?.abort();
    looking = undefined;
  };

  const start = async () => {
    stop();
    if (wanted === undefined || document.hidden) return;
    const mine = new AbortController();
    looking = mine;
    heard = Date.now();
    try {
      await follow(`tap?${wanted}`, mine.signal, (told) => {
        heard = Date.now();
        problem.textContent = '';
        buffer.add(told);
        if (!due) setTimeout(show, interval);
        due = true;
      });
      if (!mine.signal.aborted) lost();
    } catch (error) {
      if (mine.signal.aborted) return;
      if (isSilence(error)) {
        lost();
        return;
      }
      ended(error instanceof Error ? error.message : String(error));
      if (error instanceof Unknown) unknown(error);
    }
  };

  const lost = () => {
    looking = undefined;
    problem.textContent = 'The agent has stopped. Its lines go on when it is back.';
  };

  const ended = (/** @type {string} */ why) => {
    wanted = undefined;
    button.textContent = 'Watch';
    problem.textContent = why;
  };

  const watch = () => {
    buffer.clear();
    problem.textContent = '';
    const query = new URLSearchParams();
    if (component.value !== '') query.set('component', component.value);
    if (filter.value.trim() !== '') query.set(mode.value, filter.value.trim());
    wanted = query.toString();
    list.hidden = false;
    button.textContent = 'Stop';
    show();
    void start();
  };

  form.onsubmit = (event) => {
    event.preventDefault();
    if (wanted === undefined) {
      watch();
      return;
    }
    stop();
    ended('');
  };
  // What is looked for changes at once.
  for (const field of [component, mode, filter]) {
    field.onchange = () => {
      filter.placeholder = examples[mode.value === 'where' ? 'where' : 'grep'];
      if (wanted !== undefined) watch();
    };
  }
  document.addEventListener('visibilitychange', () => (document.hidden ? stop() : void start()));

  return {
    /** The agent answers. @param {AgentStatus} status */
    offer(status) {
      if (wanted !== undefined && (!looking || Date.now() - heard > patience)) void start();
      const lines = status.http?.lines === true;
      form.hidden = !lines;
      find('lines-off', HTMLElement).hidden = lines;
      const ids = tappableOf(status);
      render(component, [
        h('option', { key: '', value: '' }, 'all inputs'),
        ...ids.map((id) => h('option', { key: `at ${id}`, value: id }, id)),
      ]);
    },
    /** @param {string} id */
    watch(id) {
      component.value = id;
      watch();
      form.scrollIntoView({ block: 'start' });
      filter.focus({ preventScroll: true });
    },
    stop() {
      stop();
      ended('');
    },
  };
}
