import { close, constants, fstatSync, open, read, readSync } from 'node:fs';
import { readlink, realpath } from 'node:fs/promises';
import type { Extent, FileStat, Handle } from './disk.ts';
import { fileStat } from './file-stat.ts';

/** Of a closed one: Node refuses it. */
const none = -1;

/** The number of an open file. Of tens of thousands each is a few words, where Node's `FileHandle` is a kilobyte. */
export class Descriptor implements Handle {
  readonly #path: string;
  #fd: number;
  #reads = 0;
  #unused: PromiseWithResolvers<void> | undefined;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  static at(path: string): Promise<Descriptor> {
    // Should it have become a FIFO since `stat` looked, this neither hangs nor takes it.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    return new Promise((resolve, reject) => {
      open(path, flags, (error, fd) => (error ? reject(error) : resolve(new Descriptor(path, fd))));
    });
  }

  stat(): FileStat {
    return fileStat(fstatSync(this.#fd, { bigint: true }));
  }

  extent(): Extent {
    const { size, mtimeMs } = fstatSync(this.#fd);
    return { size, modified: Math.floor(mtimeMs) };
  }

  deleted(): boolean {
    return fstatSync(this.#fd).nlink === 0;
  }

  async read(into: Buffer, length: number, position: number): Promise<number> {
    this.#reads++;
    try {
      return await new Promise<number>((resolve, reject) => {
        read(this.#fd, into, 0, length, position, (error, bytes) => (error ? reject(error) : resolve(bytes)));
      });
    } finally {
      if (--this.#reads === 0) this.#unused?.resolve();
    }
  }

  readNow(into: Buffer, length: number, position: number): number {
    return readSync(this.#fd, into, 0, length, position);
  }

  /** Linux says where an open file is; elsewhere its path is all there is. */
  realPath(): Promise<string | undefined> {
    return readlink(`/proc/self/fd/${this.#fd}`).catch(() => realpath(this.#path).catch(() => undefined));
  }

  /** From now on nothing can be done with it. A read that is on its way goes first: its number is another file's afterwards. */
  async close(): Promise<void> {
    const fd = this.#fd;
    if (fd === none) return;
    this.#fd = none;
    if (this.#reads > 0) {
      this.#unused = Promise.withResolvers();
      await this.#unused.promise;
    }
    await new Promise<void>((resolve, reject) => close(fd, (error) => (error ? reject(error) : resolve())));
  }
}
