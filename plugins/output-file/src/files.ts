import type { BigIntStats } from 'node:fs';
import { type FileHandle, mkdir, open, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Logger, messageOf } from '@logcatch/plugin-api';
import { Compressor } from './compressor.ts';
import { explain } from './failure.ts';
import { type OpenFile, openFile } from './open-file.ts';
import type { Options } from './options.ts';
import { prune, rotate, uncompressedIn } from './rotated.ts';

/** A file without records for so long is closed, in milliseconds. */
const idleAfter = 60_000;

export type Settings = Pick<Options, 'sync' | 'max_bytes' | 'max_age' | 'keep' | 'compress' | 'max_open_files'>;

/** A file as it was before a write. */
interface Before {
  readonly ino: bigint;
  readonly size: number;
}

/** What a test makes fail. */
export interface Disk {
  open: typeof openFile;
  append(handle: FileHandle, bytes: Uint8Array): Promise<void>;
}

export const disk: Disk = { open: openFile, append: (handle, bytes) => handle.appendFile(bytes) };

/** The files of an output: opened when there is something for them, rotated, and cut back where a write failed. */
export class Files {
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #disk: Disk;
  readonly #compressor: Compressor;
  /** The one that was used last comes last. */
  readonly #open = new Map<string, OpenFile>();
  /** What a failed write has left, and could not be cut off yet. */
  readonly #torn = new Map<string, Before>();
  /** What earlier runs have left to compress, by path, of each folder that was looked into. */
  readonly #left = new Map<string, Map<string, string[]>>();
  #rotations = 0;

  constructor(settings: Settings, log: Logger, used = disk) {
    this.#settings = settings;
    this.#log = log;
    this.#disk = used;
    this.#compressor = new Compressor(log);
  }

  get figures() {
    return { open_files: this.#open.size, rotations: this.#rotations, to_compress: this.#compressor.waiting };
  }

  /**
   * Appends to files, all or nothing.
   * @param refuse is asked about a file that cannot be opened: whether to do without
   * @throws LC_OUTPUT_FAILED; the files are as they were before, at the latest when the next write begins
   */
  async append(
    parts: ReadonlyMap<string, readonly Uint8Array[]>,
    refuse: (path: string, error: unknown) => boolean,
  ): Promise<void> {
    const begun = new Map<string, Before>();
    let at = '';
    try {
      await this.#mend();
      for (const [path, buffers] of parts) {
        at = path;
        const bytes = buffers.reduce((sum, { length }) => sum + length, 0);
        const opened = await this.#opened(path, bytes).catch((error) => {
          if (!refuse(path, error)) throw error;
        });
        if (!opened) continue;
        const { file, size } = opened;
        begun.set(path, { ino: file.ino, size });
        for (const buffer of buffers) await this.#disk.append(file.handle, buffer);
        if (this.#settings.sync) await file.handle.datasync();
        await this.#closeBeyond(this.#settings.max_open_files);
      }
    } catch (error) {
      for (const [path, before] of begun) this.#torn.set(path, before);
      await this.#mend().catch(() => {});
      throw explain(error, at);
    }
  }

  /** Closes those that nothing was written to for long. Not during {@link append}. */
  async closeIdle(now = performance.now()): Promise<void> {
    for (const file of [...this.#open.values()]) if (now - file.usedAt >= idleAfter) await this.#close(file);
  }

  /** Resolves when what was rotated is compressed. */
  compressed(): Promise<void> {
    return this.#compressor.idle();
  }

  async stop(): Promise<void> {
    await this.#mend().catch((error) => this.#log.warn(`the end of a file stays torn: ${messageOf(error)}`));
    await this.#closeBeyond(0);
    await this.#compressor.stop();
  }

  /** What a failed write has left is cut off, unless the file is another one by now. */
  async #mend(): Promise<void> {
    for (const [path, { ino, size }] of this.#torn) {
      const found = await statOf(path);
      try {
        if (found?.ino === ino && found.size > size) await truncate(path, size);
      } catch (error) {
        throw explain(error, path);
      }
      this.#torn.delete(path);
    }
  }

  async #opened(path: string, bytes: number): Promise<{ file: OpenFile; size: number }> {
    const found = await statOf(path);
    if (found && !found.isFile()) throw Object.assign(new Error('it is not a file'), { code: 'EISDIR' });
    let file = this.#open.get(path);
    const due = found !== undefined && this.#due(found, bytes);
    // Somebody else may have rotated or deleted it.
    if (file && (due || found?.ino !== file.ino)) {
      await this.#close(file);
      file = undefined;
    }
    if (due) await this.#rotate(path);
    if (file) {
      this.#use(file);
      return { file, size: Number(found!.size) };
    }
    return this.#openAgain(path, found === undefined || due);
  }

  async #openAgain(path: string, isNew: boolean): Promise<{ file: OpenFile; size: number }> {
    if (isNew) await mkdir(dirname(path), { recursive: true });
    await this.#compressLeft(path);
    const { file, size, cut } = await this.#disk.open(path);
    if (cut > 0) this.#log.warn(`${path}: ${cut} bytes behind its last line end are cut off: a write was interrupted`);
    this.#use(file);
    if (isNew && this.#settings.sync) await syncFolder(dirname(path));
    return { file, size };
  }

  #use(file: OpenFile): void {
    file.usedAt = performance.now();
    this.#open.delete(file.path);
    this.#open.set(file.path, file);
  }

  #due({ size, birthtimeMs, mtimeMs }: BigIntStats, bytes: number): boolean {
    const { max_bytes: most = Infinity, max_age: oldest = Infinity } = this.#settings;
    if (size === 0n) return false;
    // Some file systems do not know when a file was made.
    const made = Number(birthtimeMs > 0n ? birthtimeMs : mtimeMs);
    return Number(size) + bytes > most || Date.now() - made >= oldest;
  }

  async #rotate(path: string): Promise<void> {
    const rotated = await rotate(path, Date.now());
    this.#rotations++;
    this.#log.debug(`${path} was rotated to ${rotated}`);
    const { keep, compress } = this.#settings;
    try {
      if (keep !== undefined) await prune(path, keep);
    } catch (error) {
      this.#log.warn(`${path}: its oldest rotated files cannot be deleted: ${messageOf(error)}`);
    }
    if (compress === 'gzip' && keep !== 0) this.#compressor.add(rotated);
  }

  /** What was rotated and not compressed before the end of an earlier run. */
  async #compressLeft(path: string): Promise<void> {
    if (this.#settings.compress !== 'gzip') return;
    const folder = dirname(path);
    const left = this.#left.get(folder) ?? (await uncompressedIn(folder));
    this.#left.set(folder, left);
    for (const rotated of left.get(path) ?? []) this.#compressor.add(rotated);
    left.delete(path);
  }

  async #closeBeyond(most: number): Promise<void> {
    for (const file of this.#open.values()) {
      if (this.#open.size <= most) return;
      await this.#close(file);
    }
  }

  async #close(file: OpenFile): Promise<void> {
    // It may have been made anew meanwhile.
    if (this.#open.get(file.path) === file) this.#open.delete(file.path);
    await file.handle.close();
  }
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** So that a new name is still there after a power failure. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
