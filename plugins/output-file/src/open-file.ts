import { type FileHandle, open } from 'node:fs/promises';

const lineFeed = 10;
/** Bytes looked at in one go, and at most, for the last line end. */
const step = 64 << 10;
const furthest = 16 << 20;

/** A file that lines are appended to. */
export interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly ino: bigint;
  /** When something was last written, milliseconds of {@link performance.now}. */
  usedAt: number;
}

/**
 * Opens a file to append lines. A line without its end is what a kill or a power failure has torn: nobody was told that it
 * is written, so it is cut off, and comes again. Where there is no line end at all nothing is cut, but the line ended.
 * @returns with the bytes that were cut off
 */
export async function openFile(path: string): Promise<{ file: OpenFile; size: number; cut: number }> {
  const handle = await open(path, 'a+');
  try {
    const stats = await handle.stat({ bigint: true });
    const before = Number(stats.size);
    const end = await lastLineEnd(handle, before);
    if (end === undefined) await handle.appendFile('\n');
    else if (end < before) await handle.truncate(end);
    const file = { path, handle, ino: stats.ino, usedAt: performance.now() };
    return { file, size: end ?? before + 1, cut: end === undefined ? 0 : before - end };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The position behind the last line end; `undefined` where there is none to be found. */
async function lastLineEnd(handle: FileHandle, size: number): Promise<number | undefined> {
  if (size === 0) return 0;
  const bytes = Buffer.alloc(Math.min(step, size));
  // Nearly always the last byte is one.
  for (let end = size, length = 1; end > Math.max(0, size - furthest); length = bytes.length) {
    const from = Math.max(0, end - length);
    const { bytesRead } = await handle.read(bytes, 0, end - from, from);
    const at = bytes.subarray(0, bytesRead).lastIndexOf(lineFeed);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return undefined;
}
