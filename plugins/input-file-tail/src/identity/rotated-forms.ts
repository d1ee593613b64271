import { dirname } from 'node:path';
import type { Source, SourceMeta, Sources, StoredSource } from '@logcatch/plugin-api';
import type { FoundFile } from '../find/finder.ts';
import type { Tail } from '../reading/tail.ts';
import type { OpenFile } from './file.ts';
import { type FileFacts, fileKey, headMatches, lastMatches } from './identity.ts';
import type { StoredRows } from './stored-rows.ts';
import type { Wanted } from './wanted.ts';

/** A source by its row, or by its key where it is read. */
type Original = { readonly row: StoredSource; readonly read?: never } | { readonly row?: never; readonly read: number };

/**
 * Archives that hold, compressed, what was read of another file. Such a one is no source of its own: it is set aside for as
 * long as the file is read, and what its source goes on with when the file is gone.
 */
export class RotatedForms {
  readonly #sources: Pick<Sources, 'known'>;
  readonly #tails: Iterable<Tail>;
  /** By the key of the source whose file they are the rotated form of, for as long as that is read. */
  readonly #setAside = new Map<number, OpenFile>();
  /** What was known of files that are read when archives were compared with them: they are read on meanwhile. */
  readonly #compared = new Map<Tail, Set<SourceMeta>>();

  constructor(sources: Pick<Sources, 'known'>, tails: Iterable<Tail>) {
    this.#sources = sources;
    this.#tails = tails;
  }

  /** Archives are going to be opened. */
  begin(): void {
    this.#compared.clear();
  }

  /** Where to look at an archive: up to where files were read that lie, or lay, in its folder. */
  ends(path: string): number[] {
    const beside = (other: string) => dirname(other) === dirname(path);
    const stored = this.#sources.known().filter((row) => beside(row.path));
    const read = [...this.#tails].filter((tail) => beside(tail.origin) || beside(tail.path));
    for (const tail of read) {
      if (!this.#compared.has(tail)) this.#compared.set(tail, new Set());
      this.#compared.get(tail)!.add(tail.file.meta);
    }
    const metas = [...stored.map(({ meta }) => meta), ...read.map(({ file }) => file.meta)];
    return metas.flatMap(({ read }) => (read === undefined ? [] : [Number(read)]));
  }

  /** The source of which an archive is the rotated form: of a file that is gone, or that is read by now. */
  originalOf(archive: FileFacts, rows: StoredRows, wanted: readonly Wanted[]): Original | undefined {
    for (const tail of this.#tails) {
      const { position, size } = tail;
      for (const meta of this.#compared.get(tail) ?? [tail.file.meta]) {
        if (isRotatedForm(archive, { meta, position }, size)) return { read: tail.source.key };
      }
    }
    for (const { file, request } of wanted) {
      const { key, position = 0, meta } = request;
      if (key === undefined || !file || file.facts.archive) continue;
      if (isRotatedForm(archive, { meta, position }, file.facts.size)) return { read: key };
    }
    for (const row of rows.left) {
      if (dirname(row.path) === dirname(archive.path) && isRotatedForm(archive, row)) return { row };
    }
    return undefined;
  }

  /** It is left alone while the file of its source is read. */
  setAside(file: OpenFile, key: number): void {
    this.#setAside.set(key, { ...file, handle: undefined });
    void file.handle?.close();
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
}

/**
 * Whether an archive holds all that was read of a file: that was compressed when it was rotated.
 * @param size bytes that the file had, where it is known
 */
function isRotatedForm(
  archive: FileFacts,
  { meta, position }: Pick<StoredSource, 'meta' | 'position'>,
  size?: number,
): boolean {
  if (headMatches(archive.head, meta) !== true) return false;
  if (meta.read === undefined) return archive.size === size;
  return archive.size >= Math.max(position, Number(meta.read)) && lastMatches(archive, meta) === true;
}
