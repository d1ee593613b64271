import { appendFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { consumeAll, flat, type TopicContent } from '../servers/index.ts';

/** Writes numbered lines to files and remembers them. */
export class Load {
  readonly #folder: string;
  readonly #written = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    for (const name of names) this.#written.set(name, 0);
  }

  get names(): string[] {
    return [...this.#written.keys()];
  }

  get total(): number {
    return [...this.#written.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Lines written to a file so far, under whatever name it is now. */
  count(name: string): number {
    return this.#written.get(name)!;
  }

  path(name: string): string {
    return join(this.#folder, `${name}.log`);
  }

  /** The n-th line of a file, about 100 bytes. */
  line(name: string, number: number): string {
    return `${name} ${number} ${'abcdefghij'.repeat(number % 18)}`;
  }

  lines(name: string): string[] {
    return Array.from({ length: this.#written.get(name)! }, (_, number) => this.line(name, number));
  }

  append(name: string, count: number): void {
    const from = this.#written.get(name)!;
    let text = '';
    for (let number = from; number < from + count; number++) text += `${this.line(name, number)}\n`;
    appendFileSync(this.path(name), text);
    this.#written.set(name, from + count);
  }

  rename(name: string, generation: number): void {
    renameSync(this.path(name), `${this.path(name)}.${generation}`);
  }

  /** Appends to all files, about so many lines a second in all, until {@link stop}. */
  start(linesPerSecond: number): void {
    const every = 20;
    const count = Math.ceil((linesPerSecond * every) / 1000 / this.#written.size);
    this.#timer = setInterval(() => {
      for (const name of this.#written.keys()) this.append(name, count);
    }, every);
    onTestFinished(() => this.stop());
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The values of each key, in the order of their partition. */
export function valuesByKey(content: TopicContent, encoding?: BufferEncoding): Map<string, string[]> {
  const records = Map.groupBy(flat(content), ({ key }) => key?.toString() ?? '');
  return new Map([...records].map(([key, list]) => [key, list.map(({ value }) => value!.toString(encoding))]));
}

/** The lines of each file in all of these topics, whatever their keys: a line begins with the name of its file. */
export async function linesByFile(brokers: string[], topics: readonly string[]): Promise<Map<string, string[]>> {
  const lines = (await Promise.all(topics.map((topic) => consumeAll(brokers, topic))))
    .flatMap(flat)
    .map(({ value }) => value!.toString());
  return Map.groupBy(lines, (line) => line.slice(0, line.indexOf(' ')));
}

export interface Delivery {
  readonly missing: number;
  readonly repeated: number;
  /** Lines whose first arrival came after that of a later line. */
  readonly reordered: number;
}

/** Each line once, and in order. */
export const asWritten: Delivery = { missing: 0, repeated: 0, reordered: 0 };

/** How a file's lines arrived. */
export function compare(expected: readonly string[], arrived: readonly string[]): Delivery {
  const first = new Map<string, number>();
  for (const [index, line] of arrived.entries()) if (!first.has(line)) first.set(line, index);
  let missing = 0;
  let reordered = 0;
  let last = -1;
  for (const line of expected) {
    const index = first.get(line);
    if (index === undefined) missing++;
    else if (index < last) reordered++;
    else last = index;
  }
  return { missing, repeated: arrived.length - first.size, reordered };
}

/** Memory of a process, in MB (10^6 bytes). Linux only. */
export interface Memory {
  /** Peak resident memory. It counts as much of the node executable as the kernel has mapped: 45 to 75 MB, shared by all. */
  readonly resident: number;
  /** Peak of what is its own: heap, buffers and stacks. */
  readonly own: number;
}

/** Watches the memory of a process until {@link MemoryWatch.stop}. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #own = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), 50);
    onTestFinished(() => clearInterval(this.#timer));
  }

  stop(): Memory {
    clearInterval(this.#timer);
    this.#look();
    return { resident: this.#read('VmHWM'), own: this.#own };
  }

  #look(): void {
    this.#own = Math.max(this.#own, this.#read('RssAnon'));
  }

  #read(field: string): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) * 1024) / 1e6;
  }
}
