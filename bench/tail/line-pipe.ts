import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

const lineEnd = 10;

/** A named pipe, and who reads the lines that come out of it. */
export class LinePipe {
  readonly path: string;
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);

  constructor(path: string, take: (bytes: Buffer, start: number, end: number) => void) {
    execFileSync('mkfifo', [path]);
    this.path = path;
    // For writing too: so it has no end, however many writers come and go.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (bytes) => {
      const joined = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
      let start = 0;
      for (let end = joined.indexOf(lineEnd); end >= 0; end = joined.indexOf(lineEnd, start)) {
        take(joined, start, end);
        start = end + 1;
      }
      this.#rest = joined.subarray(start);
    });
  }

  /** Gives a writer's end to `use`. */
  writer<T>(use: (fd: number) => T): T {
    const fd = openSync(this.path, constants.O_WRONLY);
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
