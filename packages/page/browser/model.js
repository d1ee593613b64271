/** What the page shows, from two looks at one agent. Nothing here touches the document. */
import { byteRate, bytes, count, period, plural, rate, shortRate } from './units.js';

/**
 * @import { AgentStatus, ComponentStatus, ListedFile } from '@logcatch/core'
 * @typedef {'good' | 'news' | 'bad'} Level
 *
 * @typedef {object} Trouble Something that a person should know or mend.
 * @property {string} what
 * @property {string} state
 * @property {Level} level
 * @property {string} why
 * @property {string} hint what to do
 * @property {string} since `12m`, or empty
 *
 * @typedef {object} Box A component as the file declares it: entries of an `each` are one.
 * @property {string} id
 * @property {string} kind
 * @property {string} type
 * @property {string} state `running`, or of many `3 failed`
 * @property {Level} level
 * @property {string} flow records a second: of an output, written
 * @property {string} note what waits there
 * @property {string} exits what leaves by which, where there are several
 * @property {ComponentStatus[]} members
 *
 * @typedef {object} Line From one component to another, through one exit or several.
 * @property {string} from
 * @property {string} to
 * @property {string[]} texts what flows, by exit
 * @property {boolean} named whether it is one exit of several
 * @property {0 | 1 | 2 | 3} speed
 *
 * @typedef {{ label: string, value: string, note: string, level: Level }} Figure
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

/** Lanes of an output that are listed: those that need it most. */
const mostLanes = 50;
/** Entries of one `each` whose trouble is told. */
const mostTroubled = 3;
/** Milliseconds for which a dead letter is news, as for the verdict. */
const news = 5 * 60_000;
/** Of the dead letters, from which on somebody should look at them. */
const nearlyFull = 0.8;
/** Milliseconds from which a byte that waits is behind: before that it is on its way, and what is said of it would never stand still. */
const late = 10_000;
/** `app/2` before `app/10`. */
const { compare } = new Intl.Collator('en', { numeric: true });

/** @type {Readonly<Record<string, Level>>} */
const levels = { running: 'good', degraded: 'bad', stuck: 'bad', failed: 'bad' };
const worstFirst = ['failed', 'stuck', 'degraded', 'waiting', 'starting', 'stopped', 'stopping', 'running'];

/**
 * @param {string} state
 * @returns {Level}
 */
export function levelOf(state) {
  return levels[state] ?? 'news';
}

/**
 * Counts of one process a second; nothing where another process has counted from nothing, or there was one look alone.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @returns {(earlier: number | undefined, later: number) => number | undefined}
 */
export function rates(before, after) {
  const seconds = before && before.startedAt === after.startedAt ? (after.at - before.at) / 1_000 : 0;
  return (earlier, later) =>
    seconds > 0 && earlier !== undefined ? Math.max(0, later - earlier) / seconds : undefined;
}

/**
 * What was counted of several, between two looks.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 */
function flows(before, after) {
  const perSecond = rates(before, after);
  const known = new Map(before?.components.map((one) => [one.id, one]));
  /**
   * @param {readonly ComponentStatus[]} members
   * @param {(one: ComponentStatus) => number} of
   */
  return (members, of) => {
    const both = members.map((one) =>
      perSecond(known.has(one.id) ? of(/** @type {ComponentStatus} */ (known.get(one.id))) : undefined, of(one)),
    );
    const sure = both.filter((one) => one !== undefined);
    return sure.length > 0 ? sure.reduce((sum, one) => sum + one, 0) : undefined;
  };
}

/** @param {string} id */
export const declaredId = (id) => id.split('/', 1)[0] ?? id;

/**
 * @param {readonly ComponentStatus[]} members
 * @param {(one: ComponentStatus) => number} of
 */
const sum = (members, of) => members.reduce((total, one) => total + of(one), 0);

/** @param {Readonly<Record<string, number>>} counts */
const total = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);

/**
 * @param {readonly ComponentStatus[]} members
 * @param {number} at
 */
function oldest(members, at) {
  const since = Math.min(...members.map(({ input }) => input?.oldestAt ?? Infinity));
  return at - since >= late ? period(at - since) : '';
}

/**
 * The figures that say at a glance how it does.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @returns {{ figures: Figure[], read: number | undefined, written: number | undefined }}
 */
export function summaryOf(before, after) {
  const { components, buffers, deadLetters, process, at } = after;
  const flow = flows(before, after);
  const inputs = components.filter(({ kind }) => kind === 'input');
  const outputs = components.filter(({ kind }) => kind === 'output');
  const read = flow(inputs, (one) => one.in.records);
  const written = flow(outputs, (one) => one.out.records);
  const lag = sum(inputs, ({ input }) => input?.lag ?? 0);
  const waits = oldest(inputs, at);
  const files = sum(inputs, ({ input }) => input?.count ?? 0);
  const cpu = rates(before, after)(before?.process.cpu, process.cpu);
  const full = deadLetters.bytes / deadLetters.limit;
  return {
    read,
    written,
    figures: [
      { label: 'read', value: rate(read), note: byteRate(flow(inputs, (one) => one.in.bytes)), level: 'good' },
      { label: 'written', value: rate(written), note: byteRate(flow(outputs, (one) => one.out.bytes)), level: 'good' },
      {
        label: 'lag',
        value: bytes(lag),
        note: waits === '' ? plural(files, 'file') : `oldest ${waits}`,
        level: 'good',
      },
      {
        label: 'queued',
        value: count(sum(outputs, ({ output }) => output?.queued ?? 0)),
        note: `${bytes(buffers.used)} of ${bytes(buffers.budget)} buffers`,
        level: 'good',
      },
      {
        label: 'dead letters',
        value: bytes(deadLetters.bytes),
        note: `of ${bytes(deadLetters.limit)}`,
        level: full > nearlyFull ? 'bad' : full > 0 ? 'news' : 'good',
      },
      {
        label: 'CPU',
        value: cpu === undefined ? '-' : `${Math.round(cpu * 100)} %`,
        note: bytes(process.memory),
        level: 'good',
      },
    ],
  };
}

/**
 * Everything that does not run well, why, and what to do: the worst first.
 * @param {AgentStatus} status
 * @returns {Trouble[]}
 */
export function troublesOf(status) {
  const { components, sources, waiting, configuration, deadLetters, repaired, http, at, file } = status;
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

/** @param {readonly ComponentStatus[]} members */
function stateOf(members) {
  const worst = worstFirst.find((state) => members.some((one) => one.state === state)) ?? 'running';
  const such = members.filter(({ state }) => state === worst).length;
  return such === members.length ? worst : `${count(such)} ${worst}`;
}

/**
 * The pipeline as boxes and lines.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @returns {{ boxes: Box[], lines: Line[] }}
 */
export function graphOf(before, after) {
  const flow = flows(before, after);
  const byId = Map.groupBy(after.components, ({ id }) => declaredId(id));
  const membersOf = (/** @type {string} */ id) => byId.get(id) ?? [];
  const boxes = after.graph.nodes
    .filter(({ kind }) => kind !== 'config')
    .map(({ id, kind, type, waits }) => {
      const members = membersOf(id);
      const waiting = members.length === 0;
      const state = waiting ? 'waiting' : stateOf(members);
      const level = /** @type {Level} */ (
        waiting ? 'news' : levelOf(worstFirst.find((one) => members.some((member) => member.state === one)) ?? '')
      );
      return {
        id,
        kind,
        type: members.length > 1 ? `${type} \u00d7 ${count(members.length)}` : type,
        state,
        level,
        flow: waiting ? '' : rate(flow(members, (one) => one.out.records)),
        note: waiting ? waitText(waits) : noteOf(members, after.at),
        exits: Object.keys(members[0]?.exits ?? {})
          .map((exit) => `${exit} ${shortRate(flow(members, (one) => one.exits?.[exit]?.records ?? 0))}`)
          .join(', '),
        members,
      };
    });
  const known = new Set(boxes.map(({ id }) => id));
  const joined = after.graph.edges.filter(({ from, to }) => known.has(from) && known.has(to));
  const lines = [...Map.groupBy(joined, ({ from, to }) => JSON.stringify([from, to])).values()].map((edges) => {
    const { from, to } = /** @type {{ from: string, to: string }} */ (edges[0]);
    const exits = edges.map(({ exit }) => ({
      exit,
      perSecond: flow(membersOf(from), (one) => (exit === undefined ? one.out : one.exits?.[exit])?.records ?? 0),
    }));
    return {
      from,
      to,
      named: exits.some(({ exit }) => exit !== undefined),
      texts: exits.map(({ exit, perSecond }) => (exit === undefined ? '' : `${exit} `) + shortRate(perSecond)),
      speed: speedOf(exits.reduce((sum, { perSecond = 0 }) => sum + perSecond, 0)),
    };
  });
  return { boxes, lines };
}

/** @param {readonly string[]} sources */
const waitText = (sources) => (sources.length > 0 ? `for ${sources.join(', ')}` : '');

/**
 * @param {number} perSecond
 * @returns {0 | 1 | 2 | 3}
 */
function speedOf(perSecond) {
  if (perSecond === 0) return 0;
  if (perSecond < 100) return 1;
  return perSecond < 10_000 ? 2 : 3;
}

/**
 * What waits at a component.
 * @param {readonly ComponentStatus[]} members
 * @param {number} at
 */
function noteOf(members, at) {
  if (members[0]?.kind === 'input') {
    const lag = sum(members, ({ input }) => input?.lag ?? 0);
    const files = sum(members, ({ input }) => input?.count ?? 0);
    const waits = oldest(members, at);
    return waits === '' ? plural(files, 'file') : `lag ${bytes(lag)}, ${waits}`;
  }
  if (members[0]?.kind !== 'output') return '';
  const queued = sum(members, ({ output }) => output?.queued ?? 0);
  const dropped = sum(members, ({ output }) => output?.dropped ?? 0);
  return dropped > 0 ? `queue ${count(queued)}, dropped ${count(dropped)}` : `queue ${count(queued)}`;
}

/**
 * All about one component, or all entries of one `each`, as terms and what they are.
 * @param {AgentStatus | undefined} before
 * @param {AgentStatus} after
 * @param {Box} box
 * @returns {[term: string, text: string][]}
 */
export function detailsOf(before, after, { id, members, kind }) {
  const [first] = members;
  if (!first) return [];
  const flow = flows(before, after);
  const all = (/** @type {(one: ComponentStatus) => number} */ of) => sum(members, of);
  const errors = Object.entries(counted(members.map((one) => one.errors)));
  const refused = counted(members.map(({ output }) => output?.refused ?? {}));
  /** @type {[string, string][]} */
  const rows = [];
  if (members.length === 1 && first.summary) rows.push([kind === 'input' ? 'reads' : 'does', first.summary]);
  if (members.length === 1) rows.push(['state', `${first.state} for ${period(after.at - first.since)}`]);
  rows.push(
    [
      kind === 'input' ? 'read' : 'given',
      `${count(all((one) => one.in.records))} records, ${bytes(all((one) => one.in.bytes))}; ${rate(flow(members, (one) => one.in.records))}, ${byteRate(flow(members, (one) => one.in.bytes))}`,
    ],
    [
      kind === 'output' ? 'written' : 'passed on',
      `${count(all((one) => one.out.records))} records, ${bytes(all((one) => one.out.bytes))}; ${rate(flow(members, (one) => one.out.records))}, ${byteRate(flow(members, (one) => one.out.bytes))}`,
    ],
  );
  const { edges } = after.graph;
  const named = (/** @type {string} */ one, /** @type {string | undefined} */ exit) =>
    exit === undefined ? one : `${one} (${exit})`;
  const comes = edges.filter(({ to }) => to === id).map(({ from, exit }) => named(from, exit));
  const goes = edges.filter(({ from }) => from === id).map(({ to, exit }) => named(to, exit));
  if (comes.length > 0) rows.push(['from', comes.join(', ')]);
  if (goes.length > 0) rows.push(['to', goes.join(', ')]);
  if (kind === 'input') {
    const paused = counted(members.map(({ input }) => input?.paused ?? {}));
    rows.push([
      'lag',
      `${bytes(all(({ input }) => input?.lag ?? 0))}, of it ${bytes(all(({ input }) => input?.unsettled ?? 0))} on the way`,
    ]);
    const idle = first.input?.count === 0 ? first.input.idle : undefined;
    rows.push(['files', idle ?? count(all(({ input }) => input?.count ?? 0))]);
    for (const [why, files] of Object.entries(paused)) rows.push(['paused', `${plural(files, 'file')}: ${why}`]);
    const accounts = members.flatMap(({ input }) => (input ? [input.account] : []));
    if (members.length === 1 && accounts[0]) rows.push(['ledger', ledgerText(accounts[0])]);
  }
  if (kind === 'output') {
    rows.push([
      'queue',
      `${plural(
        all(({ output }) => output?.queued ?? 0),
        'record',
      )}, ${plural(
        all(({ output }) => output?.retries ?? 0),
        'retry',
      ).replace('retrys', 'retries')}`,
    ]);
    const dropped = all(({ output }) => output?.dropped ?? 0);
    if (dropped > 0) rows.push(['dropped', plural(dropped, 'record')]);
    for (const [verdict, records] of Object.entries(refused)) {
      if (records > 0) rows.push(['refused', `${plural(records, 'record')}: ${verdict}`]);
    }
  }
  const restarts = all((one) => one.restarts);
  if (restarts > 0) rows.push(['restarts', count(restarts)]);
  if (errors.length > 0)
    rows.push(['errors', errors.map(([code, times]) => `${code} \u00d7 ${count(times)}`).join(', ')]);
  return rows;
}

/** @param {readonly Readonly<Record<string, number>>[]} all */
function counted(all) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const one of all) for (const [name, number] of Object.entries(one)) counts[name] = (counts[name] ?? 0) + number;
  return counts;
}

/**
 * Where the bytes of a file went, without what is nothing.
 * @param {ListedFile['account']} account
 */
export function ledgerText({ discovered, delivered, dropped, deadLettered, skipped, pending, abandoned, repeated }) {
  const parts = [
    ...(delivered > 0 || discovered === 0 ? [`${bytes(delivered)} delivered`] : []),
    ...Object.entries(dropped).map(([why, number]) => `${bytes(number)} dropped (${why})`),
    ...(deadLettered > 0 ? [`${bytes(deadLettered)} dead letters`] : []),
    ...(skipped > 0 ? [`${bytes(skipped)} skipped`] : []),
    ...(pending > 0 ? [`${bytes(pending)} pending`] : []),
    ...Object.entries(abandoned).map(([why, number]) => `${bytes(number)} lost (${why})`),
  ];
  const again = repeated > 0 ? `; ${bytes(repeated)} read again` : '';
  return `${bytes(discovered)} = ${parts.join(' + ')}${again}`;
}

/**
 * The same as shares of 100, for a bar.
 * @param {ListedFile['account']} account
 */
export function ledgerShares({ discovered, delivered, dropped, deadLettered, skipped, pending, abandoned }) {
  const share = (/** @type {number} */ number) => (discovered > 0 ? (number / discovered) * 100 : 0);
  return {
    delivered: share(delivered),
    dropped: share(total(dropped) + skipped),
    lost: share(deadLettered + total(abandoned)),
    pending: share(pending),
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
function fileOf({ path, component, lag, unsettled, oldestAt, position, pausedBy, account }, at) {
  return {
    key: `${component}\n${path}`,
    path,
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

/**
 * Points that can be tapped: components in the order of the file, and their exits.
 * @param {AgentStatus} status
 */
export function tappableOf({ graph, components }) {
  const exits = new Map(components.map(({ id, exits }) => [id, Object.keys(exits ?? {})]));
  return graph.nodes
    .filter(({ kind }) => kind !== 'config')
    .flatMap(({ id }) => [id, ...(exits.get(id) ?? []).map((exit) => `${id}.${exit}`)]);
}
