import { readdirSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Name of the folder in data_dir. */
export const lettersFolder = 'dead-letters';

const lineEnd = 0x0a;

/** One file of the dead letters. They are numbered in the order in which they were begun. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
}

/** In their order; none where the folder is not there. @throws what the file system says */
export function segmentsOf(folder: string): Segment[] {
  return namesIn(folder)
    .flatMap((name): Segment[] => {
      const number = Number(/^(\d+)\.jsonl$/.exec(name)?.[1]);
      const path = join(folder, name);
      // One that a replay has emptied meanwhile is gone.
      const stats = number > 0 ? statSync(path, { throwIfNoEntry: false }) : undefined;
      return stats ? [{ number, path, bytes: stats.size }] : [];
    })
    .toSorted((a, b) => a.number - b.number);
}

/** Bytes of all segments. */
export function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Lines are on disk when it resolves. When it throws none of them is in the file, or will be cut off before the next ones. */
export async function append(folder: string, last: Segment | undefined, fresh: boolean, lines: Buffer): Promise<void> {
  if (last === undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = last && !fresh ? last.path : join(folder, `${String((last?.number ?? 0) + 1).padStart(6, '0')}.jsonl`);
  const file = await open(path, 'a+', 0o600);
  try {
    const size = await cutTorn(file);
    try {
      await file.appendFile(lines);
      await file.datasync();
    } catch (error) {
      await file.truncate(size).catch(() => {});
      throw error;
    }
  } finally {
    await file.close();
  }
  if (!fresh) return;
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

/** At any moment the file holds what it held before or all of this; without content it is gone. */
export async function replace(path: string, content: Buffer): Promise<void> {
  if (content.length === 0) await rm(path, { force: true });
  else {
    const draft = `${path}.tmp`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  }
  await syncFolder(dirname(path));
}

/** Removes what a kill has left of {@link replace}. */
export async function removeDrafts(folder: string): Promise<void> {
  for (const name of namesIn(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
}

/** The whole lines, their ends included, from a byte on. What comes after the last line end was torn by a kill, or is being written. */
export function* linesOf(content: Buffer, from = 0): Generator<Buffer> {
  for (let start = from; start < content.length; ) {
    const end = content.indexOf(lineEnd, start) + 1;
    if (end === 0) return;
    yield content.subarray(start, end);
    start = end;
  }
}

/** All but what comes after the last line end. */
export function wholeLines(content: Buffer): Buffer {
  return content.subarray(0, content.lastIndexOf(lineEnd) + 1);
}

/** Cuts off what a kill or a full disk has torn. The records of it were not answered for: they come again. Returns the size. */
async function cutTorn(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  if (size === 0) return 0;
  const { buffer: last } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (last[0] === lineEnd) return size;
  const content = Buffer.alloc(size);
  await file.read(content, 0, size, 0);
  const { length } = wholeLines(content);
  await file.truncate(length);
  return length;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A new or renamed file is not certain to be found after a power cut before this. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
