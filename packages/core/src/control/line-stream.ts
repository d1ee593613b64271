import type { ServerResponse } from 'node:http';

/** Bytes that wait for a reader, beyond which it counts as full. */
const mostWaiting = 256 << 10;
/** Milliseconds between two signs of life. */
const beat = 1_000;

export interface LineReader {
  /** It does not keep up: whatever can be left out should be. */
  readonly full: boolean;
  /** Whole lines. */
  write(text: string): void;
}

/** An answer that goes on until its reader has gone: lines of JSON. */
export class LineStream {
  readonly #open: (reader: LineReader) => { tick(): void; close(): void };

  /** @param open begins to write lines; it returns what to do each second, so that the reader knows that all is well, and at the end */
  constructor(open: (reader: LineReader) => { tick(): void; close(): void }) {
    this.#open = open;
  }

  answer(response: ServerResponse): void {
    if (response.destroyed) return;
    // A reader may stand still for as long as it likes: nothing piles up for it.
    response.socket?.setTimeout(0);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const { tick, close } = this.#open({
      get full() {
        return response.writableLength > mostWaiting;
      },
      write: (text) => response.write(text),
    });
    const timer = setInterval(tick, beat);
    response.on('close', () => {
      clearInterval(timer);
      close();
    });
  }
}
