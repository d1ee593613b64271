import { resolve } from 'node:path';
import {
  type Checkpoint,
  dataDirOf,
  type InputExplanation,
  type PathHistory,
  type PathReport,
  sentence,
  withCheckpoints,
} from '@logcatch/core';
import { plural } from '@logcatch/plugin-api';
import { accountLines } from './account.ts';
import { printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { period, plainLine } from './text.ts';

/** `pipeline explain FILE PATH`: what logcatch knows of a path. */
export async function explain(file: string, path: string, { json = false }: { json?: boolean }): Promise<void> {
  try {
    const dataDir = await dataDirOf(file, process.env);
    const report = await withCheckpoints(dataDir, (checkpoints) => checkpoints.report(resolve(path)));
    console.log(json ? JSON.stringify(report, undefined, 2) : reportText(report, file, Date.now()));
    process.exitCode = isKnown(report) ? exitCode.done : exitCode.failed;
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

/**
 * @param file the pipeline file
 * @param now milliseconds since the epoch
 */
export function reportText(report: PathReport, file: string, now: number): string {
  const { path, running, size, inputs, sources, ended, account } = report;
  return [
    `${path}: ${size === undefined ? 'no regular file is there' : `a file of ${plural(size, 'byte')}`}`,
    ...(running ? [] : ['no agent runs: this is what is stored']),
    ...inputs.flatMap(inputTexts),
    ...sources.map((source) => sourceText(source, path, now)),
    ...ended.flatMap((history) => endedTexts(history, now)),
    ...(isKnown(report) ? [] : unknownTexts(file, report.similar)),
  ]
    .map(plainLine)
    .concat(
      sources.length + ended.length > 0
        ? ['bytes, of all files that were read at this path:', ...accountLines(account)]
        : [],
    )
    .join('\n');
}

function unknownTexts(file: string, similar: readonly string[]): string[] {
  const meant = `did you mean ${similar.join(' or ')}? A relative path is relative to the working directory`;
  return [
    'no input has anything to do with it, and nothing is stored of it',
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

function sourceText(source: Checkpoint, asked: string, now: number): string {
  const { key, input, path, currentPath, pausedBy, start, position, size, again, seen, open } = source;
  const details = [
    `position ${position} of ${size}`,
    start > 0 && `begun at ${start}`,
    again > 0 && `${plural(again, 'byte')} to come again`,
    pausedBy.length > 0 && `paused: ${pausedBy.join(', ')}`,
    path !== asked && `found as ${path}`,
    currentPath !== asked && `now at ${currentPath}`,
    open ? 'open' : `last open ${period(now - seen)} ago`,
  ];
  return `source ${key} of ${input}: ${details.filter(Boolean).join(', ')}`;
}

function endedTexts({ component, ends }: PathHistory, now: number): string[] {
  return ends.map(({ at, how, position, account: { discovered, abandoned } }) => {
    const left = abandoned[how] ?? 0;
    const lost = left > 0 ? `, ${plural(left, 'byte')} abandoned` : '';
    const seen = plural(discovered, 'byte');
    return `a source of ${component} ended ${period(now - at)} ago: ${how} at position ${position}, ${seen} discovered${lost}`;
  });
}
