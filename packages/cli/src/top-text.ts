import { type AgentStatus, type LaneFigures, lanesOf } from '@logcatch/core';
import type { Status } from '@logcatch/plugin-api';
import { newsLines, pendingText } from './status.ts';
import { bytes, period, plainLine, wrapped } from './text.ts';
import { rowsOf, type TopRow } from './top-rows.ts';
import { type TopColumn, tableLines } from './top-table.ts';

/** Lanes of an output and files that are listed: those that need it most. */
const mostLanes = 5;
const mostFiles = 10;
/** Entries of one `each` whose trouble is told. */
const mostTroubled = 3;
/** Lines that one trouble takes where there is no room for all. */
const mostTroubleLines = 3;

/**
 * What `pipeline top` shows: rates are those between two looks at one agent.
 * @param width characters of a line
 * @param height lines that have room
 */
export function topText(before: AgentStatus, after: AgentStatus, width: number, height = Infinity): string {
  const whole = topLines(before, after, { width, most: Infinity });
  const lines = whole.length <= height ? whole : topLines(before, after, { width, most: mostTroubleLines });
  return lines.join('\n');
}

interface Room {
  /** Characters of a line. */
  readonly width: number;
  /** Lines that one trouble takes. */
  readonly most: number;
}

function topLines(before: AgentStatus, after: AgentStatus, room: Room): string[] {
  const { width } = room;
  const seconds = (after.at - before.at) / 1_000;
  // Another process has counted from nothing.
  const known = before.startedAt === after.startedAt && seconds > 0;
  const earlier = new Map(known ? rowsOf(before).map((row) => [row.name, row]) : []);
  const rows = rowsOf(after).map((row): Moving => ({ row, before: earlier.get(row.name), seconds, at: after.at }));
  const [titles = '', ...table] = tableLines(columns, rows, width);
  return [
    ...headLines(before, after, room),
    '',
    titles,
    ...table.flatMap((line, index) => [line, ...troubleLines(rows[index]!.row, room)]),
    ...laneLines(known ? before : undefined, after, room),
    ...fileLines(after, width),
  ].map((line) => cut(line, width));
}

interface Moving {
  readonly row: TopRow;
  readonly before: TopRow | undefined;
  /** Between the two. */
  readonly seconds: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const columns: readonly TopColumn<Moving>[] = [
  { title: 'component', cell: ({ row }) => row.name },
  { title: 'type', rank: 7, cell: ({ row }) => row.type },
  { title: 'state', cell: ({ row }) => row.state },
  { title: 'in/s', right: true, rank: 4, cell: (moving) => count(rate(moving, 'recordsIn')) },
  { title: 'out/s', right: true, rank: 2, cell: (moving) => count(rate(moving, 'recordsOut')) },
  { title: 'bytes in/s', right: true, rank: 6, cell: (moving) => size(rate(moving, 'bytesIn')) },
  { title: 'bytes out/s', right: true, rank: 5, cell: (moving) => size(rate(moving, 'bytesOut')) },
  { title: 'lag', right: true, cell: ({ row }) => size(row.lag) },
  { title: 'oldest', right: true, rank: 1, cell: ({ row, at }) => age(row.oldestAt, at) },
  { title: 'queue', right: true, rank: 3, cell: ({ row }) => count(row.queued) },
  { title: 'errors', right: true, rank: 8, cell: ({ row }) => count(row.errors) },
];

function rate({ row, before, seconds }: Moving, of: 'recordsIn' | 'recordsOut' | 'bytesIn' | 'bytesOut') {
  return before && Math.max(0, row[of] - before[of]) / seconds;
}

function headLines(before: AgentStatus, after: AgentStatus, room: Room): string[] {
  const { name, startedAt, at, well, buffers, deadLetters, process } = after;
  const cpu = (process.cpu - before.process.cpu) / Math.max(0.001, (at - before.at) / 1_000);
  return [
    `${plainLine(name)}  up ${period(at - startedAt)}  ${well ? 'runs well' : 'does not run well: see below'}`,
    [
      `cpu ${Math.max(0, Math.round(cpu * 100))} %`,
      `memory ${bytes(process.memory)}`,
      `buffers ${bytes(buffers.used)} of ${bytes(buffers.budget)}`,
      `dead letters ${bytes(deadLetters.bytes)}`,
    ].join('  '),
    ...wrong(after).flatMap((text) => indented(text, room)),
  ];
}

/** What is wrong beside the components. */
function wrong(status: AgentStatus): string[] {
  const { configuration, unwritten, http, sources, waiting, components, at } = status;
  const { last, pending } = configuration;
  const parts = [
    ...(unwritten ? [{ ...unwritten, what: 'data_dir' }] : []),
    ...(http ? [{ ...http, what: 'http' }] : []),
    ...sources.map((source) => ({ ...source, what: `config ${source.name}` })),
  ];
  return [
    ...(last?.errors && !last.mended ? [`the last change (${last.what}) was ${last.result}: ${last.errors[0]}`] : []),
    ...(pending.length > 0 ? [pendingText(pending)] : []),
    ...parts.filter(({ state }) => state !== 'running').map((one) => `${one.what} is ${one.state}: ${told(one)}`),
    ...waiting.map(({ kind, id, sources }) => `${kind} ${id} waits for a value of ${sources.join(', ')}`),
    ...components.flatMap((one) => newsLines(status, one, at)).map((line) => line.trim()),
  ];
}

function troubleLines({ troubled }: TopRow, room: Room): string[] {
  const lines = troubled.slice(0, mostTroubled).flatMap((one) => (one.reason === '' ? [] : indented(told(one), room)));
  const more = troubled.length - mostTroubled;
  return more > 0 ? [...lines, `  and ${more} more that do not run well: see \`pipeline status\``] : lines;
}

/** Why it is so, and what to do. */
function told({ reason, hint }: Status): string {
  return hint === '' || reason.endsWith(hint) ? reason : `${reason.replace(/[^.!?]$/, '$&.')} ${hint}`;
}

function laneLines(before: AgentStatus | undefined, after: AgentStatus, room: Room): string[] {
  return after.components.flatMap(({ id, output }) => {
    const lanes = lanesOf(output?.details);
    if (lanes.length === 0) return [];
    const details = before?.components.find((one) => one.id === id)?.output?.details;
    const known = new Map(lanesOf(details).map((lane) => [lane.name, lane]));
    const seconds = (after.at - (before?.at ?? 0)) / 1_000;
    const rateOf = ({ name, records }: LaneFigures) => {
      const earlier = known.get(name);
      return earlier && Math.max(0, records - earlier.records) / seconds;
    };
    const order = (a: LaneFigures, b: LaneFigures) =>
      Number(b.stuck) - Number(a.stuck) || b.queuedBytes - a.queuedBytes || (rateOf(b) ?? 0) - (rateOf(a) ?? 0);
    const shown = lanes.toSorted(order).slice(0, mostLanes);
    const laneColumns: readonly TopColumn<LaneFigures>[] = [
      { title: `lane of ${id}`, cell: ({ name }) => name },
      { title: 'state', cell: ({ stuck }) => (stuck ? 'stuck' : 'running') },
      { title: 'out/s', right: true, rank: 1, cell: (lane) => count(rateOf(lane)) },
      { title: 'queued', right: true, rank: 2, cell: ({ queuedBytes }) => size(queuedBytes) },
      { title: 'in flight', right: true, rank: 4, cell: ({ inFlight }) => count(inFlight) },
      { title: 'retries', right: true, rank: 3, cell: ({ retries }) => count(retries) },
    ];
    const [titles = '', ...table] = tableLines(laneColumns, shown, room.width);
    return [
      '',
      titles,
      ...table.flatMap((line, index) => [line, ...(shown[index]!.reason ? indented(shown[index]!.reason, room) : [])]),
      ...(lanes.length > mostLanes ? [`  and ${lanes.length - mostLanes} more`] : []),
    ];
  });
}

function fileLines({ components, at }: AgentStatus, width: number): string[] {
  const behind = components
    .flatMap(({ input }) => input?.sources ?? [])
    .filter(({ lag }) => lag > 0)
    .toSorted((a, b) => b.lag - a.lag);
  if (behind.length === 0) return [];
  const fileColumns: readonly TopColumn<(typeof behind)[number]>[] = [
    { title: 'lag', right: true, cell: ({ lag }) => size(lag) },
    { title: 'oldest', right: true, rank: 1, cell: ({ oldestAt }) => age(oldestAt, at) },
    { title: 'on the way', right: true, rank: 3, cell: ({ unsettled }) => size(unsettled) },
    { title: 'paused', rank: 2, cell: ({ pausedBy }) => pausedBy.join(', ') },
    { title: 'file', cell: ({ currentPath }) => ending(currentPath, Math.max(20, width - 45)) },
  ];
  return ['', ...tableLines(fileColumns, behind.slice(0, mostFiles), width)];
}

function count(value: number | undefined): string {
  return value === undefined ? '' : Math.round(value).toLocaleString('en-US');
}

function size(value: number | undefined): string {
  return value === undefined ? '' : bytes(Math.round(value));
}

function age(since: number | undefined, at: number): string {
  return since === undefined ? '' : period(at - since);
}

/** A text as lines, moved in; what does not fit is left out. */
function indented(text: string, { width, most }: Room): string[] {
  const lines = wrapped(text, Math.max(20, width - 2));
  const shown = lines.slice(0, most);
  if (lines.length > shown.length) shown.push(`${shown.pop()} ...`);
  return shown.map((line) => `  ${line}`);
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

/** A path that is too long keeps its end, which tells files apart. */
function ending(path: string, most: number): string {
  return path.length <= most ? path : `…${path.slice(1 - most)}`;
}
