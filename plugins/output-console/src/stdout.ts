import { fstatSync, write } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { LogcatchError } from '@logcatch/plugin-api';

/** Where bytes go. */
export interface Sink {
  readonly terminal: boolean;
  /** Resolves when the bytes were taken. @throws LC_OUTPUT_CLOSED when nobody reads any more */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/**
 * The process's stdout without blocking the process: `process.stdout` writes to pipes synchronously, so that a slow
 * reader would hold up everything else.
 */
export function openStdout(fd = 1): Sink {
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket() ? new PipeSink(fd) : new FileSink(fd);
}

class PipeSink implements Sink {
  readonly terminal = false;
  readonly #socket: Socket;

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    // The write that fails says so; without a listener the process would end here.
    this.#socket.on('error', () => {});
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(explain(error)) : resolve()));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A file or a terminal. */
class FileSink implements Sink {
  readonly terminal: boolean;
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
    this.terminal = isatty(fd);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      written += await new Promise<number>((resolve, reject) => {
        write(this.#fd, bytes, written, bytes.length - written, null, (error, count) =>
          error ? reject(explain(error)) : resolve(count),
        );
      });
    }
  }

  close(): void {}
}

function explain(cause: NodeJS.ErrnoException): LogcatchError {
  const gone = ['EPIPE', 'ECONNRESET', 'EIO', 'ERR_STREAM_DESTROYED'].includes(cause.code ?? '');
  if (gone) return new LogcatchError('LC_OUTPUT_CLOSED', 'stdout was closed by its reader', { cause });
  return new LogcatchError('LC_OUTPUT_FAILED', `cannot write to stdout: ${cause.message}`, { cause });
}
