import { dirname } from 'node:path';
import type { Source, SourceMeta, Sources, StoredSource } from '@logcatch/plugin-api';
import type { FoundFile } from '../find/finder.ts';
import { type Disk, statOf } from '../machine/disk.ts';
import type { Tail } from '../reading/tail.ts';
import type { Tails } from '../reading/tails.ts';
import { type OpenFile, readBefore } from './file.ts';
import { type FileFacts, fileKey, headMatches, lastMatches } from './identity.ts';

/**
 * Archives that hold, compressed, what is or was read of another file. Such a one is no source of its own: it is set aside
 * for as long as the file is read, and what its source goes on with when the file is gone.
 */
export class RotatedForms {
  readonly #sources: Pick<Sources, 'known'>;
  readonly #tails: Tails;
  readonly #disk: Disk;
  /** By the key of the source whose file they are the rotated form of. */
  readonly #setAside = new Map<number, OpenFile>();

  constructor(sources: Pick<Sources, 'known'>, tails: Tails, disk: Disk) {
    this.#sources = sources;
    this.#tails = tails;
    this.#disk = disk;
  }

  /** What is known of files: of stored ones, of those that are read, and of those that are set aside. */
  metas(): SourceMeta[] {
    const stored = this.#sources.known().map(({ meta }) => meta);
    return [
      ...stored,
      ...this.#tails.list.map(({ file }) => file.meta),
      ...[...this.#setAside.values()].map(({ meta }) => meta),
    ];
  }

  /** Where to look at an archive while it is read through: up to where files were read that lie, or lay, in its folder. */
  ends(path: string): number[] {
    return this.#metasBeside(path).flatMap(({ read }) => (read === undefined ? [] : [Number(read)]));
  }

  /**
   * Folders of sources that were not read to their end, and whose file is gone.
   * @param stored those too that are stored and not read, as it is not decided yet what became of them
   */
  orphaned(found: readonly FoundFile[], stored: boolean): Set<string> {
    const there = new Map(found.map((file) => [fileKey(file.stat), file]));
    const isThere = (row: StoredSource) => mayHold(there.get(`${row.meta.dev}:${row.meta.ino}`), row);
    const rows = stored ? this.#sources.known().filter((row) => !isThere(row)) : [];
    const tails = this.#tails.list.filter(({ file, behind }) => file.missing && behind > 0);
    return new Set([...rows.map(({ path }) => dirname(path)), ...tails.map(({ folder }) => folder)]);
  }

  /** Whether an archive may be the rotated form of a file in its folder, by how it begins. */
  mayBe(path: string, head: Uint8Array): boolean {
    return this.#metasBeside(path).some((meta) => headMatches(head, meta) === true);
  }

  /** The sources of files that are read, by the archives that are their rotated forms. */
  async originals(files: readonly OpenFile[]): Promise<Map<OpenFile, Source>> {
    const found = new Map<OpenFile, Source>();
    for (const file of files) {
      const source = file.facts.archive && (await this.#originalOf(file.facts));
      if (source) found.set(file, source);
    }
    return found;
  }

  /** The stored source of a file that is gone of which an archive is the rotated form. */
  rowOf(archive: FileFacts, rows: Iterable<StoredSource>): StoredSource | undefined {
    const beside = [...rows].filter(({ path }) => dirname(path) === dirname(archive.path));
    return (
      beside.find((row) => holdsAllRead(archive, row)) ??
      beside.find((row) => isUnread(row) && headMatches(archive.head, row.meta) === true)
    );
  }

  /** It is left alone while the file of its source is read. @returns whether that is so */
  setAside(file: OpenFile, source: Source): boolean {
    if (!this.#tails.of(source)) return false;
    this.#forgetGone();
    this.#setAside.set(source.key, { ...file, handle: undefined });
    void file.handle?.close();
    return true;
  }

  isSetAside({ path, stat }: FoundFile): boolean {
    for (const [source, file] of this.#setAside) {
      if (fileKey(file.facts) !== fileKey(stat)) continue;
      if (file.facts.path !== path) this.#setAside.set(source, { ...file, facts: { ...file.facts, path } });
      return true;
    }
    return false;
  }

  /** What is left of a source when its file is gone: its rotated form, and not a copy that was made when it was shorter. */
  heirOf(source: Source): OpenFile | undefined {
    const heir = this.#setAside.get(source.key);
    if (!heir || heir.facts.size < source.position) return undefined;
    this.#setAside.delete(source.key);
    return heir;
  }

  /** The file of a source lost what was not read yet: its rotated form holds it, and is read as a file of its own. */
  readAfterAll(source: Source): void {
    this.#setAside.delete(source.key);
  }

  async #originalOf(archive: FileFacts): Promise<Source | undefined> {
    for (const tail of this.#tailsBeside(archive.path)) {
      const { source } = tail;
      if (await isFormOf(archive, tail)) return source;
    }
    return undefined;
  }

  /** What is known of files that lie, or lay, in the folder of this one. */
  #metasBeside(path: string): SourceMeta[] {
    const stored = this.#sources.known().filter((row) => dirname(row.path) === dirname(path));
    return [...stored.map(({ meta }) => meta), ...this.#tailsBeside(path).map(({ file }) => file.meta)];
  }

  #tailsBeside(path: string): Tail[] {
    const folder = dirname(path);
    return this.#tails.list.filter((tail) => tail.folder === folder || dirname(tail.origin) === folder);
  }

  /** Those whose source is over, and which are not there any more. */
  #forgetGone(): void {
    for (const [key, { facts }] of this.#setAside) {
      if (this.#tails.of({ key })) continue;
      const there = statOf(this.#disk, facts.path);
      if (there !== 'unknown' && (!there || fileKey(there) !== fileKey(facts))) this.#setAside.delete(key);
    }
  }
}

/** Whether an archive holds what a file does that is read: as much, with the same first and last bytes, or all that was read of it. */
async function isFormOf(archive: FileFacts, { file, position }: Tail): Promise<boolean> {
  if (headMatches(archive.head, file.meta) !== true) return false;
  const { size, before } = archive;
  const end = before.get(size);
  const known = { meta: file.meta, position };
  const last = await file
    .use(async (handle) => (handle.extent().size === size ? readBefore(handle, size) : undefined))
    .catch(() => undefined);
  if (end && last?.equals(end)) return true;
  return holdsAllRead(archive, known) || (file.missing && isUnread(known));
}

/** Whether a file with the inode number of a stored one is that, as far as can be told without opening it. */
function mayHold(file: FoundFile | undefined, { path, meta }: StoredSource): boolean {
  if (!file) return false;
  const { birth } = file.stat;
  return birth !== null && meta.birth != null ? meta.birth === String(birth) : file.path === path;
}

/** All of one that was found and not read is to be read, whichever archive it is that begins like it. */
function isUnread({ meta, position }: Pick<StoredSource, 'meta' | 'position'>): boolean {
  return position === 0 && meta.read === undefined;
}

/** Whether an archive holds all that was read of a file: that was compressed when it was rotated. */
function holdsAllRead(archive: FileFacts, { meta, position }: Pick<StoredSource, 'meta' | 'position'>): boolean {
  if (meta.read === undefined || headMatches(archive.head, meta) !== true) return false;
  return archive.size >= Math.max(position, Number(meta.read)) && lastMatches(archive, meta) === true;
}
