/** A line that says whose it is, which one, and when it was written: what {@link Arrivals} reads. 200 bytes. */
export function stamped(source: number, line: number, at: number = performance.now()): string {
  return `${`${source} ${line} ${Math.round(at * 1000)} `.padEnd(199, 'abcdefghij ')}\n`;
}

/** A stamp for lines whose delay does not count. */
export const untimed = 0;

/** What came of one source's lines. */
interface Progress {
  next: number;
  readonly missing: Set<number>;
}

/** Takes {@link stamped} lines as they arrive: which came, how late, and how often. */
export class Arrivals {
  /** Lines, repeats left out. */
  count = 0;
  repeated = 0;
  /** Milliseconds from writing to arrival, of each line that is timed. */
  readonly delays: number[] = [];
  readonly #sources: Progress[] = [];

  /** The line is `bytes[start..end)`. */
  take(bytes: Buffer, start: number, end: number): void {
    const now = performance.now();
    let at = start;
    const number = () => {
      let value = 0;
      for (; at < end && bytes[at] !== space; at++) value = value * 10 + bytes[at]! - zero;
      at++;
      return value;
    };
    const source = number();
    this.#sources[source] ??= { next: 0, missing: new Set() };
    const first = this.#note(this.#sources[source], number());
    const written = number();
    if (!first) this.repeated++;
    else {
      this.count++;
      if (written !== untimed) this.delays.push(now - written / 1000);
    }
  }

  /** Lines of a source so far. */
  of(source: number): number {
    const progress = this.#sources[source];
    return progress ? progress.next - progress.missing.size : 0;
  }

  /** Whether this is the line's first arrival. */
  #note(progress: Progress, line: number): boolean {
    if (line < progress.next) return progress.missing.delete(line);
    while (progress.next < line) progress.missing.add(progress.next++);
    progress.next++;
    return true;
  }
}

const space = ' '.charCodeAt(0);
const zero = '0'.charCodeAt(0);
