import { isUtf8 } from 'node:buffer';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { abortable } from './abortable.ts';
import { type ErrorDetails, LogcatchError } from './errors.ts';
import { sleep } from './sleep.ts';

/** How often the file is looked at, in milliseconds. */
const pollEvery = 250;
/** A file is read when it has been the same for so long, in milliseconds: editors write in pieces. */
const quietFor = 100;
/** A file that was last changed so long before the first look is quiet at once, in milliseconds: clocks may differ a little. */
const oldAfter = 1_000;
/** So long a read waits for a file to become quiet, in milliseconds. */
const patience = 5_000;
/** A larger file is refused, in bytes. */
const maxBytes = 16 * 2 ** 20;

export interface FileWatchOptions {
  /** Absolute. */
  readonly path: string;
  /** What errors call the file: the path as the user wrote it. */
  readonly label: string;
  /** Its content may have changed. Not called while it is still being written. */
  changed(): void;
}

/** What stands at a path, symbolic links followed. */
interface Look {
  /** Differs when the content may differ. */
  readonly stamp: string;
  readonly stats?: BigIntStats;
  readonly error?: unknown;
}

/**
 * A text file that is read as a whole and watched, for configuration sources. Watching is a `stat` of the path each 250 ms:
 * it costs 0.02 % of a core, works on every file system, and finds writes, replacement by rename, deletion, folders that
 * appear later and swapped links (Kubernetes' `..data`) alike, where events of the file system would need a watcher for each
 * folder and link on the way, and a poll besides because they can be lost.
 *
 * Once stopped it stays stopped.
 */
export class FileWatch {
  readonly #path: string;
  readonly #label: string;
  readonly #changed: () => void;
  readonly #stopped = new AbortController();
  /** The last look, and since when it has been like that, by `performance.now()`. */
  #seen: string | undefined;
  #since = 0;
  /** What the owner knows of, having read it or having been told. */
  #known: string | undefined;

  constructor({ path, label, changed }: FileWatchOptions) {
    this.#path = path;
    this.#label = label;
    this.#changed = changed;
  }

  /** Begins to watch. The file need not exist. @throws the signal's reason; an AbortError when stopped */
  async start(signal: AbortSignal): Promise<void> {
    const ended = this.#ended(signal);
    this.#known = (await abortable(this.#look(), ended)).stamp;
    void this.#follow(this.#stopped.signal);
  }

  /**
   * The whole text, without a byte order mark, when the file has been quiet for 100 ms.
   * @throws LC_SOURCE_ABSENT when there is no file, LC_SOURCE_BAD when it is empty, too large (16 MiB), not UTF-8 text, not a
   * file, or does not become quiet, LC_SOURCE_UNREACHABLE when it cannot be read; the signal's reason; an AbortError when stopped
   */
  readText(signal: AbortSignal): Promise<string> {
    const ended = this.#ended(signal);
    // A file system may hang.
    return abortable(this.#readText(ended), ended);
  }

  /** Ends watching and reading. Legal at any time, and twice. */
  async stop(): Promise<void> {
    this.#stopped.abort();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(pollEvery, signal);
      const look = await this.#quiet(signal, Number.POSITIVE_INFINITY);
      if (!look || signal.aborted || look.stamp === this.#known) continue;
      this.#known = look.stamp;
      this.#changed();
    }
  }

  async #readText(signal: AbortSignal): Promise<string> {
    const until = performance.now() + patience;
    for (;;) {
      const look = await this.#quiet(signal, until);
      const bytes = look && (await this.#bytesOf(look));
      signal.throwIfAborted();
      if (look && bytes) {
        this.#known = look.stamp;
        return this.#decode(bytes);
      }
      if (performance.now() >= until) {
        const hint = 'Replace it as a whole, by a rename; until then the last good value goes on.';
        throw this.#bad('it is written to all the time', { hint });
      }
    }
  }

  /** Looks until there was no change for {@link quietFor}. @returns nothing when aborted, or when that is not so in time */
  async #quiet(signal: AbortSignal, until: number): Promise<Look | undefined> {
    while (!signal.aborted) {
      const look = await this.#look();
      const now = performance.now();
      const left = this.#since + quietFor - now;
      if (left <= 0) return look;
      if (now >= until) break;
      await sleep(left, signal);
    }
    return undefined;
  }

  async #look(): Promise<Look> {
    const look = await lookAt(this.#path);
    if (look.stamp !== this.#seen) {
      const old = this.#seen === undefined && look.stats && Date.now() - changedAt(look.stats) >= oldAfter;
      this.#seen = look.stamp;
      this.#since = old ? Number.NEGATIVE_INFINITY : performance.now();
    }
    return look;
  }

  /** What the file holds. Nothing if it is another one by now. */
  async #bytesOf({ stamp, stats, error }: Look): Promise<Buffer | undefined> {
    if (!stats) throw this.#unreadable(error);
    if (!stats.isFile()) throw this.#bad(stats.isDirectory() ? 'it is a directory' : 'it is not a file');
    if (stats.size > maxBytes) throw this.#bad(`it has ${stats.size} bytes, more than the ${maxBytes} allowed`);
    let handle: FileHandle | undefined;
    try {
      // What was a file a moment ago may be a pipe now, and opening one waits for its writer.
      handle = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      const before = stampOf(await handle.stat({ bigint: true }));
      const bytes = before === stamp ? await handle.readFile() : undefined;
      if (bytes && stampOf(await handle.stat({ bigint: true })) === stamp) return bytes;
    } catch (reason) {
      throw this.#unreadable(reason);
    } finally {
      await handle?.close();
    }
    this.#since = performance.now();
    return undefined;
  }

  #decode(bytes: Buffer): string {
    const line = lineNotText(bytes);
    if (line !== undefined) {
      const hint = 'Save it as UTF-8; until then the last good value goes on.';
      throw this.#bad('it is not UTF-8 text', { origin: { file: this.#label, line }, hint });
    }
    const text = new TextDecoder().decode(bytes);
    // Editors and shells truncate before they write.
    if (text.trim() === '') throw this.#bad('it is empty');
    return text;
  }

  #bad(message: string, details: ErrorDetails = {}): LogcatchError {
    return new LogcatchError('LC_SOURCE_BAD', message, { origin: { file: this.#label }, ...details });
  }

  #unreadable(cause: unknown): LogcatchError {
    const origin = { file: this.#label };
    const code = codeOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return new LogcatchError('LC_SOURCE_ABSENT', `there is no file ${this.#path}`, { origin });
    }
    const hint = 'Make it readable for the user that runs logcatch; until then the last good value goes on.';
    return new LogcatchError('LC_SOURCE_UNREACHABLE', `${this.#path} cannot be read`, { origin, hint, cause });
  }

  #ended(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#stopped.signal]);
  }
}

async function lookAt(path: string): Promise<Look> {
  try {
    const stats = await stat(path, { bigint: true });
    return { stamp: stampOf(stats), stats };
  } catch (error) {
    return { stamp: codeOf(error), error };
  }
}

/** The change time is in it because tools can set the modification time, and because a file can become readable. */
function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** By the wall clock, in milliseconds. */
function changedAt({ mtimeMs, ctimeMs }: BigIntStats): number {
  return Math.max(Number(mtimeMs), Number(ctimeMs));
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}

/** The first line, from 1, that is not UTF-8 or holds a NUL: UTF-16, or what a power failure leaves behind. */
function lineNotText(bytes: Buffer): number | undefined {
  if (isUtf8(bytes) && !bytes.includes(0)) return undefined;
  for (let line = 1, start = 0; ; line++) {
    const feed = bytes.indexOf(10, start);
    const part = bytes.subarray(start, feed < 0 ? bytes.length : feed);
    if (feed < 0 || !isUtf8(part) || part.includes(0)) return line;
    start = feed + 1;
  }
}
