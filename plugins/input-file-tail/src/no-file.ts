import { dirname } from 'node:path';
import { plural } from '@logcatch/plugin-api';
import type { Findings } from './find/finder.ts';
import type { Pattern } from './find/glob.ts';
import { type Disk, statOf } from './machine/disk.ts';

/** Patterns that match none of the files that were found. */
export function unmatched(patterns: readonly Pattern[], { files }: Pick<Findings, 'files'>): Pattern[] {
  const paths = [...files.keys()];
  return patterns.filter((pattern) => !paths.some((path) => pattern.matches(path)));
}

export function quoted(patterns: readonly Pattern[]): string {
  return patterns.map(({ text }) => JSON.stringify(text)).join(', ');
}

/** Why these patterns have led to no file, in the words of people. */
export async function whyNoFile(
  patterns: readonly Pattern[],
  { problems, excluded }: Pick<Findings, 'problems' | 'excluded'>,
  disk: Disk,
): Promise<string> {
  const reasons = new Map(problems.map(({ path, message }) => [path, message]));
  for (const pattern of patterns) {
    const folder = folderOf(pattern);
    const reason = reasons.has(folder) ? undefined : await folderProblem(disk, folder);
    if (reason) reasons.set(folder, reason);
  }
  const left =
    excluded > 0 ? [`${plural(excluded, 'path')} that would match ${excluded === 1 ? 'is' : 'are'} excluded`] : [];
  return [`no file matches ${quoted(patterns)}`, ...reasons.values(), ...left].join('; ');
}

/**
 * Why an input has nothing to read.
 * @param ignored how many of the files that were found are too old
 */
export async function whyNothing(
  patterns: readonly Pattern[],
  findings: Pick<Findings, 'files' | 'problems' | 'excluded'>,
  ignored: number,
  disk: Disk,
): Promise<string | undefined> {
  const { files } = findings;
  if (files.size === 0) return whyNoFile(patterns, findings, disk);
  if (ignored === 0) return undefined;
  return `of ${plural(files.size, 'file')} found ${ignored} were not changed for longer than ignore_older`;
}

/** Folders that patterns begin in and that are not there. */
export function missingFolders(patterns: readonly Pattern[], disk: Disk): string[] {
  return [...new Set(patterns.map(folderOf))].filter((folder) => statOf(disk, folder) === undefined);
}

function folderOf({ literal, base }: Pattern): string {
  return literal ? dirname(base) : base;
}

async function folderProblem(disk: Disk, folder: string): Promise<string | undefined> {
  const stat = statOf(disk, folder);
  if (stat === undefined) return `there is no folder ${folder}`;
  if (stat !== 'unknown' && stat.kind !== 'folder') return `${folder} is not a folder`;
  return (await disk.mayRead(folder)) ? undefined : `the folder ${folder} cannot be read`;
}
