import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** How the lines of a script arrived. Texts are the first few of their kind. */
export interface Verdict {
  readonly missing: readonly string[];
  readonly repeated: readonly string[];
  /** Lines that came after a later line of the same content. */
  readonly reordered: readonly string[];
  /** What came and was never written as a line. */
  readonly foreign: readonly string[];
}

export const exact: Verdict = { missing: [], repeated: [], reordered: [], foreign: [] };

const shown = 3;
const deadline = 45_000;

/**
 * Files that a script writes and rotates, and the oracle of what has to arrive of them: each line once, and in order those of
 * one content. A content is what a file holds from when it was empty until it is emptied or gone.
 */
export class Logs {
  /** Bytes of all lines that have to arrive, line ends included, and of holes before them. */
  bytes = 0;
  readonly #folder: string;
  readonly #arrived: () => readonly string[];
  readonly #contents = new Map<string, string[]>();
  readonly #contentOf = new Map<number, string>();
  /** Line -> how often it has to arrive. */
  readonly #wanted = new Map<string, number>();
  #total = 0;
  #last = '';

  /** @param arrived the lines that have arrived so far */
  constructor(folder: string, arrived: () => readonly string[]) {
    this.#folder = folder;
    this.#arrived = arrived;
    mkdirSync(folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** A handle of a writer. Without `append` it keeps an offset of its own, whatever others do to the file. */
  open(name: string, { append = true } = {}): Writer {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    return new Writer(this, openSync(this.path(name), append ? 'a' : 'w'), name, append);
  }

  /** Appends lines as a program that opens and closes the file each time. */
  write(name: string, count = 1): void {
    const writer = this.open(name);
    writer.write(count);
    writer.close();
  }

  rename(from: string, to: string): void {
    mkdirSync(dirname(this.path(to)), { recursive: true });
    renameSync(this.path(from), this.path(to));
  }

  truncate(name: string): void {
    truncateSync(this.path(name));
  }

  copyTruncate(name: string, to: string): void {
    copyFileSync(this.path(name), this.path(to));
    this.truncate(name);
  }

  remove(name: string): void {
    rmSync(this.path(name));
  }

  /** Makes a link, or lets one lead somewhere else from one moment to the next. */
  link(name: string, target: string): void {
    symlinkSync(target, this.path(`${name}.new`));
    renameSync(this.path(`${name}.new`), this.path(name));
  }

  /** Everything written so far has arrived. @throws what is missing, when it takes too long */
  async arrived(): Promise<void> {
    await this.#until(() => this.#arrived().length >= this.#total && this.verdict().missing.length === 0);
  }

  /** The line that was written last has arrived. @throws what is missing, when it takes too long */
  async lastArrived(): Promise<void> {
    await this.#until(() => this.#arrived().includes(this.#last));
  }

  /** The file that a writer has begun is read: a line of it has arrived. @throws what is missing, when it takes too long */
  async found(writer: Writer): Promise<void> {
    await this.#until(() => this.#arrived().includes(writer.first!));
  }

  /** How many lines there are, and how many of them have not arrived. */
  get balance(): { lines: number; lost: number } {
    const arrived = new Set(this.#arrived());
    const lost = [...this.#wanted.keys()].filter((line) => !arrived.has(line));
    return { lines: this.#wanted.size, lost: lost.length };
  }

  /** Lines that are in several files have to arrive once of each. */
  expect(line: string): void {
    this.#wanted.set(line, (this.#wanted.get(line) ?? 0) + 1);
    this.#total++;
    this.#last = line;
    this.bytes += Buffer.byteLength(line) + 1;
  }

  /** What stands in a content so far is to arrive once more: it was copied to a file that is read too. */
  expectCopyOf(content: string): void {
    for (const line of this.#contents.get(content)!) this.expect(line);
  }

  /** The next lines of what a file holds. */
  next(descriptor: number, name: string, count: number): string[] {
    const { size, ino } = fstatSync(descriptor);
    if (size === 0 || !this.#contentOf.has(ino)) {
      const content = `${name}#${this.#contents.size + 1}`;
      this.#contents.set(content, []);
      this.#contentOf.set(ino, content);
    }
    const content = this.#contentOf.get(ino)!;
    const lines = this.#contents.get(content)!;
    const next = Array.from({ length: count }, (_, i) => {
      const number = lines.length + i;
      return `${content} ${number} ${'abcdefghij'.repeat(number % 12)}`;
    });
    for (const line of next) lines.push(line);
    return next;
  }

  async #until(happened: () => boolean): Promise<void> {
    const until = Date.now() + deadline;
    while (!happened()) {
      if (Date.now() > until) throw new Error(`missing after ${deadline} ms: ${this.verdict().missing.join(' | ')}`);
      await setTimeout(20);
    }
  }

  /** @param again how often more than wanted a line may come */
  verdict(again = 0): Verdict {
    const counts = new Map<string, number>();
    const position = new Map<string, number>();
    for (const [index, line] of this.#arrived().entries()) {
      counts.set(line, (counts.get(line) ?? 0) + 1);
      if (!position.has(line)) position.set(line, index);
    }
    const reordered: string[] = [];
    for (const lines of this.#contents.values()) {
      let last = -1;
      for (const line of lines) {
        const at = position.get(line) ?? last;
        if (at < last) reordered.push(line);
        last = Math.max(last, at);
      }
    }
    const wanted = (line: string) => this.#wanted.get(line) ?? 0;
    return {
      missing: some([...this.#wanted.keys()].filter((line) => (counts.get(line) ?? 0) < wanted(line))),
      repeated: some([...this.#wanted.keys()].filter((line) => (counts.get(line) ?? 0) > wanted(line) + again)),
      reordered: some(reordered),
      foreign: some([...counts.keys()].filter((line) => !this.#wanted.has(line))),
    };
  }
}

/** The handle of a program that writes a log. */
export class Writer {
  /** The first line that it wrote. */
  first: string | undefined;
  readonly #logs: Logs;
  readonly #descriptor: number;
  readonly #name: string;
  readonly #append: boolean;
  #offset = 0;

  constructor(logs: Logs, descriptor: number, name: string, append: boolean) {
    this.#logs = logs;
    this.#descriptor = descriptor;
    this.#name = name;
    this.#append = append;
  }

  write(count = 1): void {
    const { size } = fstatSync(this.#descriptor);
    if (!this.#append) this.#logs.bytes += Math.max(0, this.#offset - size);
    const lines = this.#logs.next(this.#descriptor, this.#name, count);
    this.first ??= lines[0];
    for (const line of lines) this.#logs.expect(line);
    this.#offset += writeSync(this.#descriptor, lines.map((line) => `${line}\n`).join(''));
  }

  /** Writes a part of a line. It has to arrive when the returned function has written the rest. */
  begin(): () => void {
    const [line] = this.#logs.next(this.#descriptor, this.#name, 1);
    writeSync(this.#descriptor, line!.slice(0, 5));
    return () => {
      this.#logs.expect(line!);
      writeSync(this.#descriptor, `${line!.slice(5)}\n`);
    };
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function some(lines: readonly string[]): string[] {
  const rest = lines.length > shown ? [`and ${lines.length - shown} more`] : [];
  return [...lines.slice(0, shown), ...rest];
}
