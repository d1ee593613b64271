import type { SourceMeta } from '@logcatch/plugin-api';
import type { Disk, Handle } from '../machine/disk.ts';
import { type FileFacts, headBytes, lastBytes, metaOf } from './identity.ts';

/** A file that was opened and looked at: what is known of it is true of the handle, whatever happens to the path. */
export interface OpenFile {
  /** `undefined`: closed again, as there are too many; it is opened when it is read. */
  readonly handle: Handle | undefined;
  readonly facts: FileFacts;
  readonly meta: SourceMeta;
}

export type OpenedFile = OpenFile & { readonly handle: Handle };

/** Before which offsets a file is to be looked at that is no archive. */
export type Ends = (file: Omit<FileFacts, 'modified' | 'head' | 'before' | 'archive'>) => Iterable<number>;

/** Opens a file for reading. @throws what the file system says */
export async function openFile(disk: Disk, path: string, ends?: Ends): Promise<OpenedFile> {
  const handle = await disk.open(path);
  try {
    return await lookAt(path, handle, ends);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function lookAt(path: string, handle: Handle, ends: Ends = () => []): Promise<OpenedFile> {
  const stat = handle.stat();
  if (stat.kind !== 'file') throw new Error('it is not a regular file');
  const head = await readHead(handle);
  const { dev, ino, birth, modified } = stat;
  const { archive } = handle;
  const size = Math.max(handle.extent().size, head.length);
  const before = new Map(archive?.before);
  if (!archive) for (const end of ends({ path, dev, ino, size, birth })) before.set(end, await readBefore(handle, end));
  const facts = { path, dev, ino, size, birth, modified, head, before, archive };
  return { handle, facts, meta: metaOf(facts) };
}

export function readHead(handle: Handle): Promise<Buffer> {
  return readBytes(handle, 0, headBytes);
}

/** At most {@link lastBytes} before an offset. */
export function readBefore(handle: Handle, end: number): Promise<Buffer> {
  const from = Math.max(0, end - lastBytes);
  return readBytes(handle, from, end);
}

async function readBytes(handle: Handle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  const length = await handle.read(bytes, to - from, from);
  return bytes.subarray(0, length);
}
