import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Logger, messageOf } from '@logcatch/plugin-api';

/** Compresses files in the background, one after the other. What it does not come to stays as it is. */
export class Compressor {
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #waiting = new Set<string>();
  #running: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Files that wait for it or are being compressed. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Once, however often it is asked. */
  add(path: string): void {
    if (this.#stopping.signal.aborted) return;
    this.#waiting.add(path);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Gives up what it is at: the file is compressed after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const path of this.#waiting) {
      if (!this.#stopping.signal.aborted) await this.#compress(path);
      this.#waiting.delete(path);
    }
    this.#running = undefined;
  }

  async #compress(path: string): Promise<void> {
    const part = `${path}.gz.part`;
    const { signal } = this.#stopping;
    try {
      const { mode } = await stat(path);
      // The original goes only when the disk has the other.
      const target = createWriteStream(part, { mode, flush: true });
      await pipeline(createReadStream(path), createGzip(), target, { signal });
      await rename(part, `${path}.gz`);
      await rm(path, { force: true });
    } catch (error) {
      await rm(part, { force: true }).catch(() => {});
      // It may have been the oldest, and deleted meanwhile.
      if (signal.aborted || (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.#log.warn(`${path} stays as it is, since it cannot be compressed: ${messageOf(error)}`);
    }
  }
}
