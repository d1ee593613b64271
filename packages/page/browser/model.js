/** What the page shows, from two looks at one agent. Nothing here touches the document. */
import { ledgerText } from './ledger.js';
import { byteRate, bytes, count, period, plural, rate, shortRate } from './units.js';

/**
 * @import { AgentStatus, ComponentStatus } from '@logcatch/core'
 * @typedef {'good' | 'news' | 'bad'} Level
 *
 * @typedef {object} Box A component as the file declares it: entries of an `each` are one.
 * @property {string} id
 * @property {string} kind
 * @property {string} type
 * @property {string} state `running`, or of many `3 failed`
 * @property {Level} level
 * @property {string} flow records a second: of an output, written
 * @property {string} note what waits there
 * @property {{ flow: string, note: string }} brief the same for where there is little room
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
 */

/** Of the dead letters, from which on somebody should look at them. */
export const nearlyFull = 0.8;
/** Milliseconds from which a byte that waits is behind: before that it is on its way, and what is said of it would never stand still. */
export const late = 10_000;
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
        note: `buffers ${Math.round((buffers.used / buffers.budget) * 100)} %`,
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

/** @param {readonly ComponentStatus[]} members */
export function stateOf(members) {
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
      const perSecond = flow(members, (one) => one.out.records);
      const behind = oldest(members, after.at);
      const note = waiting ? waitText(waits) : noteOf(members, behind);
      const level = /** @type {Level} */ (
        waiting ? 'news' : levelOf(worstFirst.find((one) => members.some((member) => member.state === one)) ?? '')
      );
      return {
        id,
        kind,
        type: members.length > 1 ? `${type} \u00d7 ${count(members.length)}` : type,
        state,
        level,
        flow: waiting ? '' : rate(perSecond),
        note,
        brief: { flow: waiting ? '' : shortRate(perSecond), note: behind === '' ? note : `${behind} behind` },
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
 * @param {string} behind how long the oldest byte has waited
 */
function noteOf(members, behind) {
  if (members[0]?.kind === 'input') {
    const lag = sum(members, ({ input }) => input?.lag ?? 0);
    const files = sum(members, ({ input }) => input?.count ?? 0);
    return behind === '' ? plural(files, 'file') : `lag ${bytes(lag)}, ${behind}`;
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
 * Points that can be tapped: components in the order of the file, and their exits.
 * @param {AgentStatus} status
 */
export function tappableOf({ graph, components }) {
  const exits = new Map(components.map(({ id, exits }) => [id, Object.keys(exits ?? {})]));
  return graph.nodes
    .filter(({ kind }) => kind !== 'config')
    .flatMap(({ id }) => [id, ...(exits.get(id) ?? []).map((exit) => `${id}.${exit}`)]);
}
