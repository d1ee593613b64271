import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InputContext, OpenRequest, Source, SourceEnd, StoredSource } from '@logcatch/plugin-api';
import { type OpenFile, openFile } from './file.ts';
import { statOf } from './finder.ts';
import { fileKey, identify, StoredRows } from './identity.ts';

/** A file with the source it is to be read as. */
export interface Admitted {
  readonly file: OpenFile;
  readonly source: Source;
  /** It has no path of its own any more: it was rotated away while logcatch did not run. */
  readonly lost: boolean;
}

export interface AdmissionOptions {
  /** Look as well for files that were renamed away since the positions were stored. */
  readonly starting: boolean;
  /** New sources begin at the end of their files. */
  readonly fromEnd: boolean;
}

interface Wanted {
  readonly request: OpenRequest;
  readonly file?: OpenFile;
  readonly lost?: boolean;
  readonly end?: SourceEnd;
}

/**
 * Decides for opened files which source each is, and opens the sources, all in one commit: their start positions are on
 * disk before a byte is read.
 */
export async function admit(
  files: readonly OpenFile[],
  ctx: InputContext,
  { starting, fromEnd }: AdmissionOptions,
): Promise<Admitted[]> {
  const rows = new StoredRows(ctx.sources.known());
  const wanted = claims(files, rows, ctx, fromEnd);
  if (starting) wanted.push(...(await rotatedAway(rows)));
  const sources = await openSources(wanted, ctx);
  const admitted: Admitted[] = [];
  for (const [i, { file, end, lost = false }] of wanted.entries()) {
    const source = sources[i]!;
    if (end) ctx.sources.end(source, end);
    if (file) admitted.push({ file, source, lost });
  }
  return admitted;
}

async function openSources(wanted: readonly Wanted[], ctx: InputContext): Promise<Source[]> {
  try {
    return ctx.sources.open(wanted.map(({ request }) => request));
  } catch (error) {
    await Promise.all(wanted.map(({ file }) => file?.handle.close()));
    throw error;
  }
}

/** Files that go on come first: a row belongs to the file that has its inode before it can count as replaced. */
function claims(files: readonly OpenFile[], rows: StoredRows, ctx: InputContext, fromEnd: boolean): Wanted[] {
  const wanted: Wanted[] = [];
  const others: OpenFile[] = [];
  for (const file of files) {
    const identity = identify(file.facts, rows.candidates(file.facts));
    if (identity.verdict !== 'same' && identity.verdict !== 'renamed') {
      others.push(file);
      continue;
    }
    const { row, verdict, reason } = identity;
    rows.take(row);
    say(ctx, file, verdict, reason);
    wanted.push({ file, request: { key: row.key, path: file.facts.path, meta: file.meta } });
  }
  for (const file of others) {
    const identity = identify(file.facts, rows.candidates(file.facts));
    say(ctx, file, identity.verdict, identity.reason);
    if (identity.verdict !== 'new' && identity.row.meta.ino === String(file.facts.ino)) {
      rows.take(identity.row);
      wanted.push(ended(identity.row, identity.verdict === 'truncated' ? 'truncated' : 'replaced'));
    }
    const fresh = identity.verdict === 'new' && fromEnd;
    wanted.push({
      file,
      request: { path: file.facts.path, position: fresh ? file.facts.size : 0, meta: file.meta },
    });
  }
  return wanted;
}

/**
 * Stored sources whose file no pattern finds. One that was renamed in its folder still has lines that were written
 * before: it is read to its end. One that is not there any more ends. Where that cannot be told (the folder cannot be read,
 * another device is mounted there, the path is only not matched any more) it stays stored.
 */
async function rotatedAway(rows: StoredRows): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  const folders = new Map<string, Promise<Listing>>();
  for (const row of rows.left) {
    const folder = dirname(row.path);
    if (!folders.has(folder)) folders.set(folder, list(folder));
    const { dev, files } = await folders.get(folder)!;
    if (dev !== row.meta.dev) continue;
    const path = files.get(`${row.meta.dev}:${row.meta.ino}`);
    if (path === row.path) continue;
    const file = path === undefined ? undefined : await openFile(path).catch(() => 'unreadable' as const);
    if (file === 'unreadable') continue;
    if (file && identify(file.facts, [row]).verdict === 'renamed') {
      wanted.push({ file, lost: true, request: { key: row.key, path: file.facts.path, meta: file.meta } });
      continue;
    }
    await file?.handle.close();
    wanted.push(ended(row, statOf(row.path) ? 'replaced' : 'gone'));
  }
  return wanted;
}

function ended(row: StoredSource, end: SourceEnd): Wanted {
  return { request: { key: row.key, path: row.path, meta: row.meta }, end };
}

interface Listing {
  /** Device of the folder; `undefined` when it cannot be read. */
  readonly dev: string | undefined;
  /** Paths of the regular files in it by `fileKey`. */
  readonly files: ReadonlyMap<string, string>;
}

async function list(folder: string): Promise<Listing> {
  const files = new Map<string, string>();
  const stat = statOf(folder);
  const names = await readdir(folder).catch(() => undefined);
  if (!names || typeof stat !== 'object') return { dev: undefined, files };
  for (const name of names) {
    const path = join(folder, name);
    const found = statOf(path);
    if (typeof found === 'object' && found.isFile()) files.set(fileKey(found), path);
  }
  return { dev: String(stat.dev), files };
}

function say(ctx: InputContext, { facts }: OpenFile, verdict: string, reason: string): void {
  const level = verdict === 'same' || verdict === 'new' ? 'debug' : 'info';
  ctx.log[level](`${facts.path}: ${verdict}: ${reason}`);
}
