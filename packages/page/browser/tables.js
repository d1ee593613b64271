/** What stands below each other: troubles, files, lanes, errors, changes. Nothing here touches the document. */
import { ledgerShares, ledgerText } from './ledger.js';
import { declaredId, late, levelOf, nearlyFull, rates, stateOf } from './model.js';
import { bytes, count, period, plural, rate } from './units.js';

/**
 * @import { AgentStatus, ComponentStatus, ListedFile } from '@logcatch/core'
 * @import { Level } from './model.js'
 *
 * @typedef {object} Trouble Something that a person should know or mend.
 * @property {string} what
 * @property {string} state
 * @property {Level} level
 * @property {string} why
 * @property {string} hint what to do
 * @property {string} since `12m`, or empty
 *
 * @typedef {object} Lane
 * @property {string} name
 * @property {string} state
 * @property {Level} level
 * @property {string} flow
 * @property {string} queued
 * @property {string} inFlight
 * @property {string} retries
 * @property {string} why
 * @property {string} hint
 */

/** Entries of one `each` whose trouble is told. */
const mostTroubled = 3;
/** Milliseconds for which a dead letter is news, as for the verdict. */
const news = 5 * 60_000;
/** Lanes of an output that are listed: those that need it most. */
const mostLanes = 50;
/** `app/2` before `app/10`. */
const { compare } = new Intl.Collator('en', { numeric: true });

/**
 * Everything that does not run well, why, and what to do: the worst first.
 * @param {AgentStatus} status
 * @returns {Trouble[]}
 */
export function troublesOf(status) {
  const { components, sources, waiting, configuration, deadLetters, repaired, unwritten, http, at, file } = status;
  const { last, pending } = configuration;
  /** @type {Trouble[]} */
  const found = [];
  const add = (/** @type {Partial<Trouble> & Pick<Trouble, 'what' | 'state'>} */ one) =>
    found.push({ level: levelOf(one.state), why: '', hint: '', since: '', ...one });
  /** @type {(what: string, one: { state: string, reason: string, hint: string, since: number }) => void} */
  const health = (what, { state, reason, hint, since }) => {
    if (state === 'running') return;
    add({ what, state, why: reason, hint: reason.endsWith(hint) ? '' : hint, since: period(at - since) });
  };
  // What waits for another component has nothing to do itself: all of them are one line.
  const follows = (/** @type {ComponentStatus} */ { state, hint }) => state === 'waiting' && hint === '';
  for (const [id, members] of Map.groupBy(components, ({ id }) => declaredId(id))) {
    const ill = members.filter((one) => one.state !== 'running' && !follows(one));
    for (const one of ill.slice(0, mostTroubled)) health(`${one.kind} ${one.id}`, one);
    if (ill.length > mostTroubled) {
      const more = plural(ill.length - mostTroubled, 'more entry').replace('entrys', 'entries');
      add({ what: `${members[0]?.kind} ${id}`, state: stateOf(ill), why: `${more} do not run well.` });
    }
    for (const { output } of members) {
      if (!output?.buried || deadLetters.bytes === 0 || at - output.buried.lastAt >= news) continue;
      add({
        what: `output ${id}`,
        state: 'dead letters',
        why: `${plural(output.buried.records, 'record')}, the last one ${period(at - output.buried.lastAt)} ago: ${output.buried.lastReason}`,
        hint: `See \`pipeline dlq ${file} ls\`; mend the cause, then \`pipeline dlq ${file} replay\`.`,
      });
    }
  }
  for (const one of sources) health(`config ${one.name}`, one);
  for (const [reason, all] of Map.groupBy(components.filter(follows), (one) => one.reason)) {
    const ids = [...new Set(all.map(({ id }) => declaredId(id)))];
    const since = Math.min(...all.map((one) => one.since));
    const why = reason.startsWith('for ') ? `Waits ${reason}.` : reason;
    add({ what: ids.join(', '), state: 'waiting', why, since: period(at - since) });
  }
  if (unwritten) health('data_dir', unwritten);
  if (http) health('http', http);
  for (const { kind, id, sources: names } of waiting) {
    add({
      what: `${kind} ${id}`,
      state: 'waiting',
      why: `Waits for a value of ${names.join(', ')}.`,
      hint: 'It starts by itself when that has one.',
    });
  }
  if (last?.errors && !last.mended) {
    add({
      what: `configuration: ${last.what}`,
      state: last.result,
      level: 'bad',
      why: last.errors.slice(0, 3).join('\n'),
      hint: 'What was in effect before goes on. Mend it: it is taken at once.',
      since: period(at - last.at),
    });
  } else if (pending.length > 0) {
    add({ what: 'configuration', state: 'pending', why: `Not in effect: the newest of ${pending.join(', ')}.` });
  }
  if (deadLetters.bytes > nearlyFull * deadLetters.limit) {
    add({
      what: 'dead letters',
      state: deadLetters.bytes < deadLetters.limit ? 'nearly full' : 'full',
      level: 'bad',
      why: `${bytes(deadLetters.bytes)} of ${bytes(deadLetters.limit)}. When they are full, the files whose records are refused wait.`,
      hint: `See \`pipeline dlq ${file} ls\`; \`replay\` or \`drop\` what is there.`,
    });
  }
  if (repaired !== undefined) add({ what: 'positions on disk', state: 'repaired', why: repaired });
  const rank = (/** @type {Trouble} */ { level, hint }) => (level === 'bad' ? 0 : hint === '' ? 2 : 1);
  return found.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * The agent itself does not answer: nothing else is known now.
 * @param {AgentStatus} last
 * @returns {Trouble}
 */
export function silenceOf({ name, host, file, at }) {
  return {
    what: `agent ${name}`,
    state: 'does not answer',
    level: 'bad',
    why: `Everything else here was so at ${new Date(at).toLocaleTimeString()}. It is asked again each second.`,
    hint: `Ask \`pipeline status ${file}\` on ${host}: it says whether the agent has ended or is stopped.`,
    since: '',
  };
}

/**
 * Those that are behind first, then by path: lag that comes and goes moves nothing.
 * @param {readonly ListedFile[]} files
 * @param {number} at
 */
export function filesOf(files, at) {
  return files
    .map((file) => fileOf(file, at))
    .toSorted((a, b) => Number(b.behind) - Number(a.behind) || (a.behind ? b.left - a.left : compare(a.path, b.path)));
}

/**
 * @param {ListedFile} file
 * @param {number} at
 */
function fileOf({ key, path, currentPath, component, lag, unsettled, oldestAt, position, pausedBy, account }, at) {
  return {
    key: `${key}`,
    path: currentPath,
    title: path === currentPath ? path : `${currentPath}, found as ${path}`,
    component,
    left: lag,
    lag: bytes(lag),
    behind: at - (oldestAt ?? at) >= late,
    oldest: at - (oldestAt ?? at) < 1_000 ? '' : period(at - (oldestAt ?? at)),
    onTheWay: unsettled > 0 ? bytes(unsettled) : '',
    position: bytes(position),
    paused: pausedBy.join(', '),
    ledger: ledgerText(account),
    shares: ledgerShares(account),
  };
}

/**
 * The lanes of each output that has some: those that need it most, by name where all is well.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @returns {{ output: string, lanes: Lane[], more: number }[]}
 */
export function lanesOf(before, after) {
  const perSecond = rates(before, after);
  return after.components.flatMap(({ id, output }) => {
    const all = figuresOf(output?.details);
    if (all.length === 0) return [];
    const earlier = before?.components.find((one) => one.id === id)?.output?.details;
    const known = new Map(figuresOf(earlier).map((lane) => [lane.name, lane.records]));
    const moving = all
      .map((lane) => ({ ...lane, rate: perSecond(known.get(lane.name), lane.records) }))
      .toSorted((a, b) => Number(b.stuck) - Number(a.stuck) || b.queued - a.queued || (b.rate ?? 0) - (a.rate ?? 0));
    const rank = { bad: 0, news: 1, good: 2 };
    const listed = moving.slice(0, mostLanes).map((lane) => {
      const state = lane.stuck ? 'stuck' : lane.why === '' ? 'running' : 'retries';
      return {
        name: lane.name,
        state,
        level: lane.stuck
          ? /** @type {const} */ ('bad')
          : lane.why === ''
            ? /** @type {const} */ ('good')
            : /** @type {const} */ ('news'),
        flow: rate(lane.rate),
        queued: bytes(lane.queued),
        inFlight: count(lane.inFlight),
        retries: count(lane.retries),
        why: lane.why,
        hint: lane.why.endsWith(lane.hint) ? '' : lane.hint,
      };
    });
    const lanes = listed.toSorted((a, b) => rank[a.level] - rank[b.level] || compare(a.name, b.name));
    return [{ output: id, lanes, more: Math.max(0, all.length - mostLanes) }];
  });
}

/**
 * A plugin wrote them: what is missing counts as nothing.
 * @param {unknown} details
 */
function figuresOf(details) {
  const { lanes } = /** @type {{ lanes?: unknown }} */ (details ?? {});
  if (!Array.isArray(lanes)) return [];
  return lanes.map((/** @type {Record<string, unknown>} */ lane) => {
    const number = (/** @type {string} */ name) => (typeof lane[name] === 'number' ? lane[name] : 0);
    const text = (/** @type {string} */ name) => (typeof lane[name] === 'string' ? lane[name] : '');
    return {
      name: `${lane.topic}/${lane.partition}`,
      queued: number('queued_bytes'),
      inFlight: number('in_flight'),
      records: number('records'),
      retries: number('retries'),
      stuck: lane.stuck === true,
      why: text('reason'),
      hint: text('hint'),
    };
  });
}

/**
 * @param {AgentStatus} status
 */
export function errorsOf({ recentErrors, at }) {
  return recentErrors.map(({ component = '', code, message, hint, times, at: last }) => ({
    key: `${component}\n${code}\n${message}`,
    component,
    code,
    message,
    hint,
    times: times > 1 ? `\u00d7 ${count(times)}` : '',
    ago: `${period(at - last)} ago`,
    fresh: at - last < 60_000,
  }));
}

/**
 * @param {AgentStatus} status
 */
export function configurationOf({ configuration, sources, file, at }) {
  const { recent, changes } = configuration;
  return {
    file,
    changes: changes === 0 ? 'unchanged since the start' : plural(changes, 'change'),
    sources: sources.map(({ name, type, summary, state, revision, loadedAt }) => ({
      name,
      type,
      summary,
      state,
      level: levelOf(state),
      revision: revision ?? '',
      loaded: loadedAt === undefined ? 'no value yet' : `loaded ${period(at - loadedAt)} ago`,
    })),
    recent: recent.map(({ number, at: then, what, result, mended, did, errors }) => ({
      number,
      what,
      result: mended ? `${result}, mended since` : result,
      level:
        result === 'applied'
          ? /** @type {const} */ ('good')
          : mended
            ? /** @type {const} */ ('news')
            : /** @type {const} */ ('bad'),
      ago: `${period(at - then)} ago`,
      text: did ?? (errors ?? []).join('\n'),
    })),
  };
}
