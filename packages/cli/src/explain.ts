import { dirname, resolve } from 'node:path';
import {
  type Checkpoint,
  type Desired,
  dataDirOf,
  type InputExplanation,
  nothingKnown,
  type PathHistory,
  type PathReport,
  sentence,
  withCheckpoints,
} from '@logcatch/core';
import { type InputDefinition, LogcatchError, plural } from '@logcatch/plugin-api';
import { accountLines } from './account.ts';
import { configured } from './configured.ts';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { period, plainLine } from './text.ts';

/** What an input of the file has to do with a path, as no agent runs that could say more. */
interface Prospect {
  readonly id: string;
  /** `unknown` = it takes values from these sources, which are not asked. */
  readonly read: true | 'unknown';
  /** The options that say so, or the names of the sources. */
  readonly by: string;
}

/** `pipeline explain FILE PATH`: what logcatch knows of a path. */
export async function explain(file: string, asked: string, { json = false }: { json?: boolean }): Promise<void> {
  try {
    const path = resolve(asked);
    const report = await reportOf(await dataDirOf(file, process.env), path);
    const open = !report.running && !isKnown(report);
    const prospects = open
      ? await configured(makeEngine('error'), file, false, (_, desired) => prospectsOf(desired, path))
      : [];
    const all = { ...report, prospects };
    console.log(json ? JSON.stringify(all, undefined, 2) : reportText(report, file, Date.now(), prospects));
    const read = prospects.some((prospect) => prospect.read === true);
    process.exitCode = isKnown(report) || read ? exitCode.done : exitCode.failed;
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

async function reportOf(dataDir: string, path: string): Promise<PathReport> {
  try {
    return await withCheckpoints(dataDir, (checkpoints) => checkpoints.report(path));
  } catch (error) {
    // Before the first run nothing is stored, and the file says what would be read.
    if (error instanceof LogcatchError && error.code === 'LC_AGENT_NOT_RUNNING') return nothingKnown(path);
    throw error;
  }
}

function prospectsOf({ file, inputs, waiting }: Desired, path: string): Prospect[] {
  const absolute = (text: string) => resolve(dirname(file), text);
  const reading = inputs.flatMap(({ id, definition, options }): Prospect[] => {
    const { attributesOf, summarize, type } = definition as InputDefinition;
    if (attributesOf?.(options, path, absolute) === undefined) return [];
    return [{ id, read: true, by: summarize?.(options) ?? type }];
  });
  const unsure = waiting.filter(({ kind }) => kind === 'input');
  return [...reading, ...unsure.map(({ id, sources }) => ({ id, read: 'unknown' as const, by: sources.join(', ') }))];
}

/**
 * @param file the pipeline file
 * @param now milliseconds since the epoch
 */
export function reportText(report: PathReport, file: string, now: number, prospects: readonly Prospect[] = []): string {
  const { path, running, size, inputs, sources, ended, account } = report;
  return [
    `${path}: ${size === undefined ? 'no regular file is there' : `a file of ${plural(size, 'byte')}`}`,
    ...(running ? [] : ['no agent runs: this is what is stored']),
    ...inputs.flatMap(inputTexts),
    ...sources.flatMap((source) => sourceTexts(source, path, now)),
    ...ended.flatMap((history) => endedTexts(history, now)),
    ...(isKnown(report) ? [] : unknownTexts(file, report.similar, prospects)),
  ]
    .map(plainLine)
    .concat(
      sources.length + ended.length > 0
        ? ['bytes, of all files that were read at this path:', ...accountLines(account)]
        : [],
    )
    .join('\n');
}

function unknownTexts(file: string, similar: readonly string[], prospects: readonly Prospect[]): string[] {
  const meant = `did you mean ${similar.join(' or ')}? A relative path is relative to the working directory`;
  const unsure = prospects.filter(({ read }) => read === 'unknown');
  const reading = prospects.filter(({ read }) => read === true);
  if (reading.length > 0) {
    return [
      ...reading.map(({ id, by }) => `input ${id} would read it (${by})`),
      'nothing is stored under this path yet; of a file that was renamed or compressed it is stored under the path at which it was found',
    ];
  }
  return [
    ...unsure.map(({ id, by }) => `whether input ${id} would read it is not known here: it takes values from ${by}`),
    `no ${unsure.length > 0 ? 'other ' : ''}input would read it, and nothing is stored of it`,
    ...(similar.length > 0 ? [meant] : []),
    `\`pipeline check ${file}\` shows what is read, \`pipeline checkpoints ${file} ls\` what is stored`,
  ];
}

function isKnown({ inputs, sources, ended }: PathReport): boolean {
  return inputs.length + sources.length + ended.length > 0;
}

function inputTexts({ id, read, reasons, state, reason, hint }: InputExplanation): string[] {
  const reading = [`input ${id} ${read ? 'reads' : 'does not read'} it`, ...reasons.map((why) => `  ${why}`)];
  return state === 'running' ? reading : [...reading, `input ${id} is ${state}: ${sentence(reason, hint)}`];
}

function sourceTexts(source: Checkpoint, asked: string, now: number): string[] {
  const { key, input, path, currentPath, pausedBy, stuckIn, start, position, size, again, seen, open } = source;
  const details = [
    `position ${position} of ${size}`,
    start > 0 && `begun at ${start}`,
    again > 0 && `${plural(again, 'byte')} to come again`,
    pausedBy.length > 0 && `paused: ${pausedBy.join(', ')}`,
    path !== asked && `found as ${path}`,
    currentPath !== asked && `now at ${currentPath}`,
    open ? 'open' : `last open ${period(now - seen)} ago`,
  ];
  return [
    `source ${key} of ${input}: ${details.filter(Boolean).join(', ')}`,
    ...stuckIn.map(({ output, why }) => `  it waits for output ${output}: ${why}`),
  ];
}

function endedTexts({ component, ends }: PathHistory, now: number): string[] {
  return ends.map(({ at, how, position, account: { discovered, abandoned } }) => {
    const left = abandoned[how] ?? 0;
    const lost = left > 0 ? `, ${plural(left, 'byte')} abandoned` : '';
    const seen = plural(discovered, 'byte');
    return `a source of ${component} ended ${period(now - at)} ago: ${how} at position ${position}, ${seen} discovered${lost}`;
  });
}
