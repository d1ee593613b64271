import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { SourceMeta } from '@logcatch/plugin-api';
import { birthOf, type FileFacts, headBytes, metaOf } from './identity.ts';

/** A file that was opened and looked at: what is known of it is true of the handle, whatever happens to the path. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly facts: FileFacts;
  readonly meta: SourceMeta;
}

/**
 * Opens a file for reading. Should it have become a FIFO since `stat` looked, this neither hangs nor takes it.
 * @throws what the file system says
 */
export async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await lookAt(path, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function lookAt(path: string, handle: FileHandle): Promise<OpenFile> {
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) throw new Error('it is not a regular file');
  const { dev, ino, size } = stat;
  const head = await readHead(handle);
  const facts = { path, dev, ino, size: Math.max(Number(size), head.length), birth: birthOf(stat), head };
  return { handle, facts, meta: metaOf(facts) };
}

export async function readHead(handle: FileHandle): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(headBytes);
  const { bytesRead } = await handle.read(bytes, 0, headBytes, 0);
  return bytes.subarray(0, bytesRead);
}
