import type { SourceMeta } from '@logcatch/plugin-api';
import type { Clock } from './clock.ts';
import type { Disk, Entry, Extent, FileStat, Glance, Handle } from './disk.ts';
import { type Archive, type Contents, contentsOf, GzipHandle, isGzip } from './gzip.ts';

/** Milliseconds for which a gzip file that is not whole was not changed when nobody writes it any more. */
const patience = 10_000;
/** Milliseconds for which it was not changed when it is worth while to read it through again. */
const quiet = 1_000;

export interface UnpackingOptions {
  readonly clock: Pick<Clock, 'wallTime'>;
  /** What is there now is all there will be, also of a file that is not whole. */
  readonly once: boolean;
  /** The input stops. */
  readonly stopping: AbortSignal;
  /** What is stored of files. */
  known(): Iterable<SourceMeta>;
}

/** A disk on which gzip files look like what they hold. The others are as they are, and cost nothing more. */
export class UnpackingDisk implements Disk {
  readonly #disk: Disk;
  readonly #options: UnpackingOptions;
  /** By file. */
  readonly #archives = new Map<string, Archive>();
  /** Those that were read through and not whole, as they were still being written. */
  readonly #unfinished = new Set<string>();

  constructor(disk: Disk, options: UnpackingOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  stat(path: string): FileStat | undefined {
    const stat = this.#disk.stat(path);
    if (!stat || this.#archives.size === 0) return stat;
    const archive = this.#archives.get(keyOf(stat));
    return archive?.stamp === stampOf(stat) ? { ...stat, size: archive.length } : stat;
  }

  glance(path: string): Glance | undefined {
    const glance = this.#disk.glance(path);
    return glance && this.#archives.has(glance.key) ? undefined : glance;
  }

  list(folder: string): Promise<readonly Entry[]> {
    return this.#disk.list(folder);
  }

  async open(path: string): Promise<Handle> {
    return new UnpackingHandle(await this.#disk.open(path), (file, head) => this.#archive(path, file, head));
  }

  realPath(path: string): string {
    return this.#disk.realPath(path);
  }

  mayRead(folder: string): Promise<boolean> {
    return this.#disk.mayRead(folder);
  }

  /** What a file is, by its first bytes; `undefined` = no archive. @throws ENOENT while it is being written */
  async #archive(path: string, file: Handle, head: Uint8Array): Promise<Archive | undefined> {
    if (!isGzip(head) && !(head.length < 3 && path.endsWith('.gz'))) return undefined;
    const stat = file.stat();
    const key = keyOf(stat);
    const stamp = stampOf(stat);
    const known = this.#archives.get(key);
    if (known?.stamp === stamp) return known;
    const { clock, once, stopping } = this.#options;
    const age = once ? Number.POSITIVE_INFINITY : clock.wallTime() - stat.modified;
    // Each write is told, and each look would read all that is there by then.
    if (this.#unfinished.has(key) && age < quiet) throw unfinished(path);
    const archive = { stamp, ...(this.#stored(stat, stamp) ?? (await contentsOf(file, stopping))) };
    if (stopping.aborted || (archive.fault !== undefined && age < patience)) {
      this.#unfinished.add(key);
      throw unfinished(path);
    }
    this.#unfinished.delete(key);
    this.#archives.set(key, archive);
    return archive;
  }

  #stored(stat: FileStat, stamp: string): Contents | undefined {
    for (const meta of this.#options.known()) {
      const same = meta.archive === stamp && meta.ino === String(stat.ino) && meta.dev === String(stat.dev);
      if (same) return { length: Number(meta.length), fault: undefined };
    }
    return undefined;
  }
}

/** An open file that shows what it is when its beginning is read, which comes first. */
class UnpackingHandle implements Handle {
  itself: Handle;
  #looked = false;
  readonly #archiveOf: (file: Handle, head: Uint8Array) => Promise<Archive | undefined>;

  constructor(file: Handle, archiveOf: (file: Handle, head: Uint8Array) => Promise<Archive | undefined>) {
    this.itself = file;
    this.#archiveOf = archiveOf;
  }

  get archive(): Archive | undefined {
    return this.itself.archive;
  }

  stat(): FileStat {
    return this.itself.stat();
  }

  extent(): Extent {
    return this.itself.extent();
  }

  deleted(): boolean {
    return this.itself.deleted();
  }

  async read(into: Buffer, length: number, position: number): Promise<number> {
    const read = await this.itself.read(into, length, position);
    if (this.#looked || position > 0) return read;
    this.#looked = true;
    const archive = await this.#archiveOf(this.itself, into.subarray(0, read));
    if (!archive) return read;
    this.itself = new GzipHandle(this.itself, archive);
    return this.itself.read(into, length, position);
  }

  readNow(into: Buffer, length: number, position: number): number | undefined {
    return this.#looked ? this.itself.readNow(into, length, position) : undefined;
  }

  realPath(): Promise<string | undefined> {
    return this.itself.realPath();
  }

  close(): Promise<void> {
    return this.itself.close();
  }
}

/** For now it counts as not there. */
function unfinished(path: string): Error {
  return Object.assign(new Error(`${path} is still being written`), { code: 'ENOENT' });
}

function keyOf({ dev, ino }: FileStat): string {
  return `${dev}:${ino}`;
}

function stampOf({ size, modified }: FileStat): string {
  return `${size}:${modified}`;
}
