/** Asks the agent each second, while somebody can see the page, and shows what it answers. */
import { get, Unknown, wantsToken } from './agent.js';
import { showConfiguration } from './changes.js';
import { showComponent } from './component.js';
import { find } from './dom.js';
import { showErrors } from './errors.js';
import { showFiles } from './files.js';
import { showGraph } from './graph.js';
import { showLanes } from './lanes.js';
import { liveLines } from './lines.js';
import { showSummary } from './summary.js';
import { tokenForm } from './token.js';
import { showTroubles } from './trouble.js';

/** @import { AgentStatus, FileList } from '@logcatch/core' */

/** Milliseconds between two looks at least. */
const interval = 1_000;
/** Characters of an answer for which it waits a millisecond: a large one costs the agent more. */
const charactersEach = 200;
/** Looks over which rates are taken: one alone jumps. */
const smoothing = 3;

const main = find('main', HTMLElement);
const live = find('live', HTMLElement);
const filter = find('files-filter', HTMLInputElement);
/** @type {AgentStatus[]} the newest last */
let looks = [];
/** @type {FileList | undefined} */
let files;
/** @type {string | undefined} */
let chosen;
/** @type {number | undefined} */
let timer;
/** Which look is the newest: one that was overtaken shows nothing. */
let turn = 0;
let wait = interval;

const token = tokenForm((given) => {
  looks = [];
  lines.stop();
  if (given === '') main.hidden = true;
  void look();
});
const lines = liveLines(() => void look());

async function look() {
  clearTimeout(timer);
  const mine = ++turn;
  try {
    if (looks.length === 0 && (await wantsToken())) throw new Unknown();
    const [status, list] = await Promise.all([
      get('status?sources=0'),
      get(`files?text=${encodeURIComponent(filter.value.trim())}`),
    ]);
    if (mine !== turn) return;
    // Another process has counted from nothing.
    looks = [...looks.filter((one) => one.startedAt === status.value.startedAt), status.value].slice(-1 - smoothing);
    files = list.value;
    wait = Math.max(interval, (status.size + list.size) / charactersEach);
    token.hide();
    told('live', 'live');
    show();
  } catch (error) {
    if (mine !== turn) return;
    if (error instanceof Unknown) {
      main.hidden = true;
      told('wants its token', 'paused');
      token.ask();
      return;
    }
    const last = looks.at(-1);
    const since = last ? `; this is how it was at ${new Date(last.at).toLocaleTimeString()}` : '';
    // The network throws those two; what the agent says is an error of ours.
    const silent = error instanceof TypeError || error instanceof DOMException;
    const why = silent || !(error instanceof Error) ? 'the agent does not answer' : error.message;
    told(`${why}${since}`, 'gone');
    wait = interval;
  }
  if (document.hidden) told('paused', 'paused');
  else timer = window.setTimeout(() => void look(), wait);
}

/**
 * @param {string} text
 * @param {string} state
 */
function told(text, state) {
  // It is read out when it changes.
  if (live.textContent !== text) live.textContent = text;
  live.className = state;
}

function show() {
  const after = looks.at(-1);
  if (!after) return;
  const before = looks.length > 1 ? looks[0] : undefined;
  main.hidden = false;
  showSummary(before, after);
  showTroubles(after);
  const box = showGraph(before, after, chosen, (id) => {
    chosen = id === chosen ? undefined : id;
    show();
  });
  showComponent(before, after, box, {
    files(id) {
      filter.value = id;
      filter.scrollIntoView({ block: 'center' });
      filter.focus({ preventScroll: true });
      void look();
    },
    lines: (id) => lines.watch(id),
    close() {
      const button = document.querySelector('.box[aria-expanded=true]');
      chosen = undefined;
      show();
      if (button instanceof HTMLElement) button.focus();
    },
  });
  if (files) showFiles(files, after.at);
  showLanes(before, after);
  showErrors(after);
  showConfiguration(after);
  lines.offer(after);
}

filter.oninput = () => void look();
window.addEventListener('resize', show);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
    told('paused', 'paused');
  } else if (find('token', HTMLFormElement).hidden) void look();
});
void look();
