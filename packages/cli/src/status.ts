import { type AgentStatus, askAgent, type ComponentStatus, dataDirOf, isNews, planLine, total } from '@logcatch/core';
import { plural, type Status } from '@logcatch/plugin-api';
import { printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { fullnessText } from './letters-text.ts';
import { print } from './print.ts';
import { bytes, columns, period, plainLine } from './text.ts';

/** Components that run well are listed up to here; the others always. */
const mostListed = 50;

/** `pipeline status FILE`: of the agent that runs now. */
export async function status(file: string, { json = false }: { json?: boolean }): Promise<void> {
  try {
    const answer = (await askAgent(await dataDirOf(file, process.env), 'GET', '/status')) as AgentStatus;
    if (json) console.log(JSON.stringify(answer, undefined, 2));
    else print(statusText(answer, Date.now()), 8);
    process.exitCode = answer.well ? exitCode.done : exitCode.failed;
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

/** @param now milliseconds since the epoch */
export function statusText(status: AgentStatus, now: number): string {
  const { name, agentId, version, pid, host, startedAt, file, well, http, unwritten } = status;
  const { last } = status.configuration;
  const errors = last?.mended ? [] : (last?.errors ?? []);
  const head: [title: string, text: string, below?: readonly string[] | undefined][] = [
    ['agent', `${agentId}, logcatch ${version}, pid ${pid} on ${host}, started ${period(now - startedAt)} ago`],
    ['file', file],
    ['state', stateText(status, now), unwritten && trouble(unwritten)],
    ['config', changesText(status, now), errors.map((error) => `        ${plainLine(error)}`)],
  ];
  if (status.repaired !== undefined) head.push(['repaired', status.repaired]);
  if (http) head.push(['http', httpText(http, now), trouble(http)]);
  if (status.deadLetters.bytes > 0) head.push(['letters', fullnessText(status.deadLetters)]);
  const rows = columns(head.map(([title, text]) => [title, text]));
  return [
    `${plainLine(name)} ${well ? 'runs well' : 'does not run well: see below'}`,
    ...rows.flatMap((row, index) => [row, ...(head[index]![2] ?? [])]),
    '',
    ...componentLines(status, now),
    ...sourceLines(status, now),
  ].join('\n');
}

function stateText({ dataDir, unwritten }: AgentStatus, now: number): string {
  return unwritten ? `${dataDir} is not written for ${period(now - unwritten.since)}` : dataDir;
}

function httpText({ address, state, since }: NonNullable<AgentStatus['http']>, now: number): string {
  return state === 'running' ? `http://${address}` : `${address} is ${state} for ${period(now - since)}`;
}

function changesText({ configuration: { changes, last, pending } }: AgentStatus, now: number): string {
  const waits = pending.length > 0 ? `; ${pendingText(pending)}` : '';
  if (!last) return `unchanged since the start${waits}`;
  const did = last.plan ? `: ${planLine(last.plan, 3)}` : '';
  const since = last.mended ? '; mended since' : '';
  return `${plural(changes, 'change')}, the last ${last.result} ${period(now - last.at)} ago (${last.what})${did}${since}${waits}`;
}

/** That what `the file` or sources say now is not what runs. */
export function pendingText(pending: readonly string[]): string {
  const newest = pending.map((one) => (one === 'the file' ? 'the file as it is now' : `the newest value of ${one}`));
  return `${newest.join(' and ')} ${newest.length > 1 ? 'are' : 'is'} not in effect: what ran before goes on`;
}

function componentLines(status: AgentStatus, now: number): string[] {
  const { components, waiting } = status;
  const well = components.filter((one) => one.state === 'running' && newsLines(status, one, now).length === 0);
  const hidden = new Set(well.slice(mostListed));
  const shown = components.filter((component) => !hidden.has(component));
  const rows = columns([
    ...shown.map((one) => [one.kind, one.id, one.type, one.state, `for ${period(now - one.since)}`, figures(one)]),
    ...waiting.map(({ kind, id, sources }) => [kind, id, '', 'waiting', '', `for a value of ${sources.join(', ')}`]),
  ]);
  return [
    ...rows.flatMap((row, index) => {
      const one = shown[index];
      return [row, ...(one ? [...idleLines(one), ...trouble(one), ...newsLines(status, one, now)] : [])];
    }),
    ...(hidden.size > 0 ? [`and ${hidden.size} more that run well (--json lists them)`] : []),
  ];
}

function sourceLines({ sources }: AgentStatus, now: number): string[] {
  const rows = columns(
    sources.map(({ name, type, state, since, revision, loadedAt }) => [
      'config',
      name,
      type,
      state,
      `for ${period(now - since)}`,
      loadedAt === undefined
        ? 'no value yet'
        : `${revision === undefined ? '' : `revision ${revision}, `}loaded ${period(now - loadedAt)} ago`,
    ]),
  );
  return rows.flatMap((row, index) => [row, ...trouble(sources[index]!)]);
}

function figures({ summary, input, output }: ComponentStatus): string {
  if (input) {
    const paused = input.sources.filter(({ pausedBy }) => pausedBy.length > 0);
    const why = [...new Set(paused.flatMap(({ pausedBy }) => pausedBy))].join(', ');
    const pauses = paused.length > 0 ? `, ${paused.length} paused: ${why}` : '';
    const lost = total(input.account.abandoned);
    const losses = lost > 0 ? `, ${bytes(lost)} lost` : '';
    const unread = input.lag > input.unsettled ? `, ${bytes(input.lag - input.unsettled)} unread` : '';
    const waits = input.count === 0 && summary ? `, waits for ${summary}` : '';
    return `${plural(input.count, 'file')}${waits}, ${bytes(input.unsettled)} on the way${unread}${losses}${pauses}`;
  }
  if (!output) return '';
  const dropped = output.dropped > 0 ? `, ${plural(output.dropped, 'record')} dropped` : '';
  const buried = output.buried?.records ? `, ${plural(output.buried.records, 'record')} to the dead letters` : '';
  return `${plural(output.queued, 'record')} queued${dropped}${buried}`;
}

/** Why an input has no file. What is wrong with one is its trouble, and said there. */
function idleLines({ input, reason }: ComponentStatus): string[] {
  return input?.count === 0 && input.idle && reason === '' ? [plainLine(`        ${input.idle}`)] : [];
}

/** Records that became dead letters just now. */
export function newsLines({ file, deadLetters }: AgentStatus, { output }: ComponentStatus, now: number): string[] {
  const buried = output?.buried;
  if (!buried || !isNews(buried, deadLetters, now)) return [];
  return [
    plainLine(`        the last dead letter came ${period(now - buried.lastAt)} ago: ${buried.lastReason}`),
    plainLine(`        See \`pipeline dlq ${file} ls\`; mend the cause, then \`pipeline dlq ${file} replay\`.`),
  ];
}

function trouble({ reason, hint }: Status): string[] {
  if (reason === '') return [];
  return [`        ${plainLine(reason)}`, ...(hint && !reason.endsWith(hint) ? [`        ${plainLine(hint)}`] : [])];
}
