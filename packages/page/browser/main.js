/** Asks the agent each second, while somebody can see the page, and shows what it answers. */
import { get, isSilence, Unknown, wantsToken } from './agent.js';
import { showConfiguration } from './changes.js';
import { showComponent } from './component.js';
import { find } from './dom.js';
import { showErrors } from './errors.js';
import { showFiles } from './files.js';
import { showGraph } from './graph.js';
import { showLanes } from './lanes.js';
import { liveLines } from './lines.js';
import { showSummary, showVerdict } from './summary.js';
import { tokenForm } from './token.js';
import { showTroubles } from './trouble.js';

/** @import { AgentStatus, FileList } from '@logcatch/core' */

/** Milliseconds between two looks at least. */
const interval = 1_000;
/** Characters of an answer for which it waits a millisecond: a large one costs the agent more. */
const charactersEach = 200;
/** Looks over which rates are taken: one alone jumps. Milliseconds for which they say how it is now: it may have slept. */
const [smoothing, fresh] = [3, 60_000];

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
/** Whether it did when it was asked last. */
let answers = true;

const token = tokenForm(() => {
  looks = [];
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
    const { startedAt, at } = status.value;
    // Another process has counted from nothing.
    const comparable = looks.filter((one) => one.startedAt === startedAt && at - one.at < fresh);
    looks = [...comparable, status.value].slice(-1 - smoothing);
    files = list.value;
    wait = Math.max(interval, (status.size + list.size) / charactersEach);
    token.hide();
    told('live', 'live');
    answers = true;
    show();
    lines.offer(status.value);
  } catch (error) {
    if (mine !== turn) return;
    if (error instanceof Unknown) {
      main.hidden = true;
      looks = [];
      lines.stop();
      showVerdict({});
      told('wants its token', 'paused');
      token.ask();
      return;
    }
    answers = false;
    showVerdict({ level: 'bad', verdict: 'does not answer' });
    // What the agent says is an error of ours.
    told(isSilence(error) || !(error instanceof Error) ? 'no answer' : error.message, 'gone');
    show();
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
  main.classList.toggle('old', !answers);
  showSummary(before, after, answers);
  showTroubles(after, answers);
  const box = showGraph(before, after, chosen, (id) => {
    chosen = id === chosen ? undefined : id;
    show();
    find('component', HTMLElement).scrollIntoView({ block: 'nearest' });
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
