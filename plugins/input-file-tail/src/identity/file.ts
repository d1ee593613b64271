import type { SourceMeta } from '@logcatch/plugin-api';
import type { Disk, Handle } from '../machine/disk.ts';
import { type FileFacts, headBytes, metaOf } from './identity.ts';

/** A file that was opened and looked at: what is known of it is true of the handle, whatever happens to the path. */
export interface OpenFile {
  /** `undefined`: closed again, as there are too many; it is opened when it is read. */
  readonly handle: Handle | undefined;
  readonly facts: FileFacts;
  readonly meta: SourceMeta;
}

export type OpenedFile = OpenFile & { readonly handle: Handle };

/** Opens a file for reading. @throws what the file system says */
export async function openFile(disk: Disk, path: string): Promise<OpenedFile> {
  const handle = await disk.open(path);
  try {
    return await lookAt(path, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function lookAt(path: string, handle: Handle): Promise<OpenedFile> {
  const stat = handle.stat();
  if (stat.kind !== 'file') throw new Error('it is not a regular file');
  const head = await readHead(handle);
  const { dev, ino, size, birth, modified } = stat;
  const facts = { path, dev, ino, size: Math.max(size, head.length), birth, modified, head };
  return { handle, facts, meta: metaOf(facts) };
}

export async function readHead(handle: Handle): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(headBytes);
  const length = await handle.read(bytes, headBytes, 0);
  return bytes.subarray(0, length);
}
