import type { SourceMeta } from '@logcatch/plugin-api';
import type { Clock } from './clock.ts';
import { type Disk, type Entry, type FileStat, type Glance, type Handle, statOf } from './disk.ts';
import { type Archive, type Contents, contentsOf, GzipHandle, headOf } from './gzip.ts';

/** A gzip file begins so. */
const magic = Buffer.from([0x1f, 0x8b, 8]);
/** Milliseconds for which a gzip file that is not whole was not changed when nobody writes it any more. */
const patience = 10_000;
/** Milliseconds for which it was not changed when it is worth while to read it through again. */
const quiet = 1_000;

/** Archives of which what is known may be kept when they are gone. */
const few = 16;

export interface UnpackingOptions {
  readonly clock: Pick<Clock, 'wallTime'>;
  /** What is there now is all there will be, also of a file that is not whole. */
  readonly once: boolean;
  /** The input stops. */
  readonly stopping: AbortSignal;
  /** What is known of files. */
  known(): Iterable<SourceMeta>;
  /** Where to look at what a file holds while it is read through. */
  ends(path: string): Iterable<number>;
  /** Whether a file is to be read through. @param head what it holds begins so */
  wants(path: string, stat: FileStat, head: () => Promise<Uint8Array>): Promise<boolean>;
  /** Has one read through beside everything else. @param read tells whether there is something new then */
  unpack(path: string, read: () => Promise<boolean>): void;
}

/** What came of reading a gzip file through. */
interface Outcome {
  /** Where it was. */
  path: string;
  /** `undefined`: it was not whole, as it was still being written. */
  readonly archive?: Archive;
  readonly failure?: unknown;
}

/** A disk on which gzip files look like what they hold, once they were read through. The others are as they are. */
export class UnpackingDisk implements Disk {
  readonly #disk: Disk;
  readonly #options: UnpackingOptions;
  /** By file. */
  readonly #outcomes = new Map<string, Outcome>();
  /** With so many it is looked whether some are gone. */
  #most = few;

  constructor(disk: Disk, options: UnpackingOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  stat(path: string): FileStat | undefined {
    return this.#disk.stat(path);
  }

  glance(path: string): Glance | undefined {
    return this.#disk.glance(path);
  }

  list(folder: string): Promise<readonly Entry[]> {
    return this.#disk.list(folder);
  }

  /** @throws ENOENT for an archive until it was read through */
  async open(path: string): Promise<Handle> {
    const file = await this.#disk.open(path);
    try {
      const archive = (await isArchive(path, file)) && (await this.#archive(path, file));
      return archive ? new GzipHandle(file, archive) : file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  realPath(path: string): string {
    return this.#disk.realPath(path);
  }

  mayRead(folder: string): Promise<boolean> {
    return this.#disk.mayRead(folder);
  }

  async #archive(path: string, file: Handle): Promise<Archive> {
    const stat = file.stat();
    const outcome = this.#outcomes.get(keyOf(stat));
    if (outcome) outcome.path = path;
    const known = this.#known(stat);
    if (known) return known;
    if (outcome?.failure) {
      this.#outcomes.delete(keyOf(stat));
      throw outcome.failure;
    }
    // Each write is told, and each look would read all that is there by then.
    const waits = outcome && !outcome.archive && this.#age(stat) < quiet;
    const { wants, unpack } = this.#options;
    if (!waits && (await wants(path, stat, () => headOf(file)))) unpack(path, () => this.#readThrough(path));
    throw Object.assign(new Error(`${path} is not read through yet`), { code: 'ENOENT' });
  }

  /** @returns whether there is something new */
  async #readThrough(path: string): Promise<boolean> {
    const { ends, stopping } = this.#options;
    // Whoever looks at it again is told why it cannot be opened.
    const file = await this.#disk.open(path).catch(() => undefined);
    if (!file) return false;
    let stat: FileStat | undefined;
    try {
      stat = file.stat();
      // Meanwhile it was renamed.
      if (this.#known(stat)) return true;
      const isWritten = this.#age(stat) < patience;
      const contents = await contentsOf(file, ends(path), stopping);
      const whole = contents.fault === undefined || !isWritten;
      this.#remember(
        stat,
        whole ? { path, archive: { stamp: stampOf(stat), bytes: stat.size, ...contents } } : { path },
      );
      return whole || stampOf(file.stat()) !== stampOf(stat);
    } catch (failure) {
      if (stat) this.#remember(stat, { path, failure });
      return stat !== undefined;
    } finally {
      await file.close();
    }
  }

  #remember(stat: FileStat, outcome: Outcome): void {
    if (this.#outcomes.size >= this.#most) this.#forgetGone();
    this.#outcomes.set(keyOf(stat), outcome);
  }

  /** What is read under another name by now is known by what is stored of it. */
  #forgetGone(): void {
    for (const [key, { path }] of this.#outcomes) {
      const there = statOf(this.#disk, path);
      if (there !== 'unknown' && (!there || keyOf(there) !== key)) this.#outcomes.delete(key);
    }
    this.#most = Math.max(few, 2 * this.#outcomes.size);
  }

  #age({ modified }: FileStat): number {
    const { once, clock } = this.#options;
    return once ? Number.POSITIVE_INFINITY : clock.wallTime() - modified;
  }

  #known(stat: FileStat): Archive | undefined {
    const stamp = stampOf(stat);
    const archive = this.#outcomes.get(keyOf(stat))?.archive;
    if (archive?.stamp === stamp) return archive;
    for (const meta of this.#options.known()) {
      if (meta.archive !== stamp || meta.ino !== String(stat.ino) || meta.dev !== String(stat.dev)) continue;
      const { length, fault, rest = 0 } = meta as Readonly<Partial<Contents>>;
      return { stamp, bytes: stat.size, length: Number(length), fault, rest, before: new Map() };
    }
    return undefined;
  }
}

/** By its first bytes: one that has none yet is to be one by its name. */
async function isArchive(path: string, file: Handle): Promise<boolean> {
  // To read a FIFO would take what is in it.
  if (file.stat().kind !== 'file') return false;
  const head = Buffer.alloc(magic.length);
  const length = await file.read(head, head.length, 0);
  return head.equals(magic) || (length < magic.length && path.endsWith('.gz'));
}

function keyOf({ dev, ino }: FileStat): string {
  return `${dev}:${ino}`;
}

function stampOf({ size, modified }: FileStat): string {
  return `${size}:${modified}`;
}
