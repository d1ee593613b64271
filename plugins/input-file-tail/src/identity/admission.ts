import { dirname, join } from 'node:path';
import type {
  Attributes,
  InputContext,
  OpenRequest,
  Source,
  SourceEnd,
  SourceMeta,
  StoredSource,
} from '@logcatch/plugin-api';
import type { FoundFile } from '../find/finder.ts';
import type { Opener } from '../find/opener.ts';
import { type Disk, statOf } from '../machine/disk.ts';
import type { Slices } from '../machine/slices.ts';
import type { InputParts } from '../parts.ts';
import type { Tail } from '../reading/tail.ts';
import type { Tails } from '../reading/tails.ts';
import type { Troubles } from '../troubles.ts';
import type { Ends, OpenFile } from './file.ts';
import { type FileFacts, fileKey, identify, isRotatedForm, isStored, readMeta, readPart } from './identity.ts';
import { PassedOver } from './passed-over.ts';
import { StoredRows } from './stored-rows.ts';

/** A file with the source it is to be read as. */
export interface Admitted {
  readonly file: OpenFile;
  readonly source: Source;
  /** It has no path of its own any more: it was rotated away while logcatch did not run. */
  readonly lost: boolean;
}

export interface AdmissionOptions {
  /** Look as well for files that were renamed away since the positions were stored. */
  readonly rotatedAway: boolean;
  /** New sources begin at the end of their files. */
  readonly fromEnd: boolean;
}

/** A source by its row, or by its key where it is read. */
type Original = { readonly row: StoredSource; readonly read?: never } | { readonly row?: never; readonly read: number };

interface Wanted {
  /** Where it was found first: that is the path that its records show. */
  readonly origin?: string;
  readonly request: OpenRequest;
  readonly file?: OpenFile;
  readonly lost?: boolean;
  readonly end?: SourceEnd;
}

/** Decides for opened files which source each is, and opens the sources. */
export class Admission {
  readonly #ctx: InputContext;
  readonly #disk: Disk;
  readonly #tails: Tails;
  readonly #troubles: Troubles;
  readonly #opener: Opener;
  readonly #slices: Slices;
  readonly #attributesOf: (path: string) => Attributes | undefined;
  /** Where stored files are that could not be opened: to be tried again, wherever they are by then. */
  readonly #unopened = new Set<string>();
  readonly passedOver = new PassedOver();
  /** Archives by the source whose file they are the rotated form of, for as long as that is read. */
  readonly #setAside = new Map<number, OpenFile>();
  /** What was known of files that are read when archives were compared with them: they are read on meanwhile. */
  readonly #compared = new Map<Tail, Set<SourceMeta>>();
  /** How often each decision was made. */
  readonly #verdicts = new Map<string, number>();

  constructor({ ctx, process, tails, troubles, attributesOf }: InputParts, opener: Opener) {
    this.#ctx = ctx;
    this.#tails = tails;
    this.#troubles = troubles;
    this.#disk = process.disk;
    this.#slices = process.slices;
    this.#opener = opener;
    this.#attributesOf = attributesOf;
  }

  /** Where to look at files, for {@link admit} to tell what they are. */
  ends({ fromEnd }: Pick<AdmissionOptions, 'fromEnd'>): Ends {
    const rows = new StoredRows(this.#ctx.sources.known());
    this.#compared.clear();
    return (file) => {
      const { archive } = file;
      // Its size and time say enough: to look at its end, all of it would have to be decompressed.
      if (archive && rows.withInodeOf(file).some(({ meta }) => meta.archive === archive.stamp)) return [];
      const end = this.#firstEnd(file, fromEnd);
      const ends = end === undefined ? rows.ends(file) : [...rows.ends(file), end];
      return archive ? [...ends, ...this.#endsBeside(file.path)] : ends;
    };
  }

  /** All in one commit: their start positions are on disk before a byte is read. */
  async admit(files: readonly OpenFile[], { rotatedAway, fromEnd }: AdmissionOptions): Promise<Admitted[]> {
    const { sources } = this.#ctx;
    const rows = new StoredRows(sources.known());
    const wanted = this.#claims(files, rows, fromEnd);
    if (rotatedAway) wanted.push(...(await this.#rotatedAway(rows, wanted.length)));
    const opened = await this.#openSources(wanted);
    const admitted: Admitted[] = [];
    for (const [i, { file, end, request, lost = false }] of wanted.entries()) {
      const source = opened[i]!;
      if (end) sources.end(source, end);
      if (file && file.facts.path !== request.path) sources.renamed(source, file.facts.path);
      if (file) admitted.push({ file, source, lost });
    }
    return admitted;
  }

  /** Whether a file that was found is the rotated form of one that is read, and so is not. */
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

  /** Stored files that could not be opened. */
  get unopened(): ReadonlySet<string> {
    return this.#unopened;
  }

  /** For the log: how often each decision was made so far. */
  get summary(): string {
    return [...this.#verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  }

  async #openSources(wanted: readonly Wanted[]): Promise<Source[]> {
    try {
      return this.#ctx.sources.open(
        wanted.map(({ request, file, origin = request.path }) => {
          const attributes = file && (this.#attributesOf(origin) ?? this.#attributesOf(request.path));
          return attributes ? { ...request, attributes } : request;
        }),
      );
    } catch (error) {
      await Promise.all(wanted.map(({ file }) => file?.handle?.close()));
      throw error;
    }
  }

  /** Where a new file ended at the first start, if that is where it begins. */
  #firstEnd(file: Parameters<Ends>[0], fromEnd: boolean): number | undefined {
    if (fromEnd) return file.size;
    const passedOver = this.passedOver.bytesOf(file);
    // Of an archive that was not whole then only its own bytes were known.
    return passedOver !== undefined && file.archive ? file.size : passedOver;
  }

  /** Files that go on come first: a row belongs to the file that has its inode before it can count as replaced. */
  #claims(files: readonly OpenFile[], rows: StoredRows, fromEnd: boolean): Wanted[] {
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
      this.#say(file, verdict, reason);
      wanted.push(goneOn(file, row));
      // What that inode held before, and whose end was not stored.
      for (const old of rows.withInodeOf(file.facts)) {
        rows.take(old);
        wanted.push(ended(old, 'truncated'));
      }
    }
    for (const file of others) {
      const original = file.facts.archive && this.#originalOf(file.facts, rows, wanted);
      if (original) {
        this.#say(file, 'rotated', 'it holds, compressed, what was read of another file');
        if (original.row) {
          rows.take(original.row);
          wanted.push(goneOn(file, original.row));
        } else {
          this.#setAside.set(original.read, { ...file, handle: undefined });
          void file.handle?.close();
        }
        continue;
      }
      const identity = identify(file.facts, rows.candidates(file.facts));
      this.#say(file, identity.verdict, identity.reason);
      for (const row of rows.withInodeOf(file.facts)) {
        rows.take(row);
        wanted.push(ended(row, identity.verdict === 'truncated' ? 'truncated' : 'replaced'));
      }
      const end = identity.verdict === 'new' ? this.#firstEnd(file.facts, fromEnd) : undefined;
      wanted.push(end === undefined ? begun(file) : begunAt(file, end));
    }
    return wanted;
  }

  /**
   * Stored sources whose file no pattern finds. One that was renamed in its folder still has lines that were written
   * before: it is read to its end. One that is not there any more ends. Where that cannot be told (the folder cannot be
   * read, another device is mounted there, the path is only not matched any more) it stays stored.
   * @param open how many files are open already
   */
  async #rotatedAway(rows: StoredRows, open: number): Promise<Wanted[]> {
    const wanted: Wanted[] = [];
    this.#unopened.clear();
    const folders = new Map<string, Promise<Listing>>();
    const claimed = new Set<string>();
    // Of several that one inode held, one after the other, the newest can still be there.
    for (const row of [...rows.left].toSorted((a, b) => b.key - a.key)) {
      const folder = dirname(row.path);
      if (!folders.has(folder)) folders.set(folder, listing(this.#disk, folder, this.#slices));
      const { dev, files } = await folders.get(folder)!;
      if (dev !== row.meta.dev) continue;
      const key = `${row.meta.dev}:${row.meta.ino}`;
      const path = files.get(key);
      if (path !== undefined && claimed.has(key)) {
        wanted.push(ended(row, 'truncated'));
        continue;
      }
      // It matches and could not be opened: it may be renamed away before it can be.
      if (path === row.path && this.#troubles.of(path)) this.#unopened.add(path);
      if (path === row.path || (path !== undefined && this.#tails.ofFile(key))) continue;
      // A newer one of its inode could not be opened just now, and comes first.
      if (path !== undefined && this.#unopened.has(path)) continue;
      const opened = path === undefined ? undefined : await this.#opener.tryToOpen(path, (file) => rows.ends(file));
      if (path !== undefined && !opened) {
        this.#unopened.add(path);
        continue;
      }
      const file = opened && (await this.#opener.keep(opened, open + wanted.length));
      const verdict = file && identify(file.facts, [row]).verdict;
      if (file && verdict === 'renamed') {
        claimed.add(key);
        this.#say(file, 'renamed', 'its path is not matched any more');
        wanted.push({ ...goneOn(file, row), lost: true });
      } else if (file && verdict === 'truncated' && isStored(file.facts, file.meta, row.meta)) {
        claimed.add(key);
        this.#say(file, 'truncated', 'and its path is not matched any more');
        wanted.push(ended(row, 'truncated'));
        wanted.push({ ...begun(file, row.path), lost: true });
      } else {
        await file?.handle?.close();
        wanted.push(ended(row, statOf(this.#disk, row.path) ? 'replaced' : 'gone'));
      }
    }
    return wanted;
  }

  /** The source of which an archive is the rotated form: of a file that is gone, or that is read by now. */
  #originalOf(archive: FileFacts, rows: StoredRows, wanted: readonly Wanted[]): Original | undefined {
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

  /** Up to where files were read that lie, or lay, in the folder of this one. */
  #endsBeside(path: string): number[] {
    const beside = (other: string) => dirname(other) === dirname(path);
    const stored = this.#ctx.sources.known().filter((row) => beside(row.path));
    const read = [...this.#tails].filter((tail) => beside(tail.origin) || beside(tail.path));
    for (const tail of read) {
      if (!this.#compared.has(tail)) this.#compared.set(tail, new Set());
      this.#compared.get(tail)!.add(tail.file.meta);
    }
    const metas = [...stored.map(({ meta }) => meta), ...read.map(({ file }) => file.meta)];
    return metas.flatMap(({ read }) => (read === undefined ? [] : [Number(read)]));
  }

  #say({ facts }: OpenFile, verdict: string, reason: string): void {
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1);
    const level = verdict === 'same' || verdict === 'new' ? 'debug' : 'info';
    this.#ctx.log[level](`${facts.path}: ${verdict}: ${reason}`);
  }
}

/** What was stored of it and cannot be seen stays so. */
function goneOn({ meta, ...file }: OpenFile, row: StoredSource): Wanted {
  const known = { ...meta, ...readPart(row.meta) };
  const request = { key: row.key, path: file.facts.path, meta: known };
  return { file: { ...file, meta: known }, origin: row.path, request };
}

function begun(file: OpenFile, path = file.facts.path): Wanted {
  return { file, request: { path, position: 0, meta: file.meta } };
}

function begunAt({ meta, ...file }: OpenFile, position: number): Wanted {
  const { path, before } = file.facts;
  const known = { ...meta, ...readMeta(position, before.get(position)!) };
  return { file: { ...file, meta: known }, request: { path, position, meta: known } };
}

function ended(row: StoredSource, end: SourceEnd): Wanted {
  return { request: { key: row.key, path: row.path, meta: row.meta }, end };
}

export interface Listing {
  /** Device of the folder; `undefined` when it cannot be read. */
  readonly dev: string | undefined;
  /** Paths of the regular files in it by `fileKey`. */
  readonly files: ReadonlyMap<string, string>;
}

/** Which file each entry of a folder is. */
export async function listing(disk: Disk, folder: string, slices: Slices): Promise<Listing> {
  const files = new Map<string, string>();
  const stat = statOf(disk, folder);
  const entries = await disk.list(folder).catch(() => undefined);
  if (!entries || typeof stat !== 'object') return { dev: undefined, files };
  for (const { name } of entries) {
    const path = join(folder, name);
    const found = statOf(disk, path);
    if (typeof found === 'object' && found.kind === 'file') files.set(fileKey(found), path);
    await slices.next();
  }
  return { dev: String(stat.dev), files };
}
