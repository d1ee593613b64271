import { access, constants, mkdir } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  abortable,
  type Batch,
  type Figures,
  jsonLines,
  LogcatchError,
  type Logger,
  type Output,
  type OutputContext,
  type Refused,
  Rejected,
  textLines,
} from '@logcatch/plugin-api';
import { ClosedPaths } from './closed-paths.ts';
import { explain, isForbidden, isLasting } from './failure.ts';
import { type Disk, Files } from './files.ts';
import type { Options } from './options.ts';
import { Paths, type Route } from './paths.ts';

/** Bytes of records written together, with one fdatasync for each file. */
const groupBytes = 4 << 20;
/** How often idle files are looked for, in milliseconds. */
const idleEvery = 30_000;

/** A call of `write` that waits for its turn. */
interface Pending {
  readonly batch: Batch;
  readonly files: readonly Route[];
  readonly refused: Refused[];
  readonly done: PromiseWithResolvers<void>;
}

/** Writes lines to files. What is given to it while it writes is written together, next. */
export class FileOutput implements Output {
  readonly #options: Options;
  readonly #paths: Paths;
  readonly #files: Files;
  readonly #log: Logger;
  readonly #closed = new ClosedPaths();
  readonly #waiting = new Set<Pending>();
  /** Used again for each group. */
  #scratch = Buffer.alloc(0);
  #writing: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: Options, context: OutputContext, disk?: Disk) {
    this.#options = options;
    this.#paths = new Paths(options.path, (path) => context.resolve(path));
    this.#log = context.log;
    this.#files = new Files(options, context.log, disk);
  }

  async start(): Promise<void> {
    const { folder } = this.#paths;
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      throw explain(error, folder);
    }
    this.#idle ??= setInterval(() => {
      if (!this.#writing) void this.#files.closeIdle().catch(() => {});
    }, idleEvery).unref();
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { files, refused } = this.#paths.route(batch);
    for (const { path } of files) {
      const stuck = this.#closed.of(path);
      if (stuck) throw stuck;
    }
    const pending: Pending = { batch, files, refused: [...refused], done: Promise.withResolvers() };
    this.#waiting.add(pending);
    this.#writing ??= this.#writeAll();
    try {
      await abortable(pending.done.promise, signal);
    } finally {
      this.#waiting.delete(pending);
    }
    if (pending.refused.length > 0) throw new Rejected(pending.refused.sort((a, b) => a.index - b.index));
  }

  figures(): Figures {
    return this.#files.figures;
  }

  /** Resolves when what was rotated is compressed. */
  compressed(): Promise<void> {
    return this.#files.compressed();
  }

  async stop(): Promise<void> {
    clearInterval(this.#idle);
    this.#idle = undefined;
    this.#closed.open();
    await this.#writing;
    await this.#files.stop();
  }

  async #writeAll(): Promise<void> {
    // Calls that come at once are written together.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const group = this.#take();
      try {
        await this.#append(group);
        for (const { done } of group) done.resolve();
      } catch (error) {
        // Those that came after them too, until the engine knows: they must not overtake what is written again.
        this.#fail(group, error);
        this.#fail(this.#waiting, error);
        await nextTurn();
        this.#fail(this.#waiting, error);
      }
    }
    this.#writing = undefined;
  }

  #fail(calls: Iterable<Pending>, error: unknown): void {
    for (const pending of calls) {
      pending.done.reject(error);
      this.#waiting.delete(pending);
    }
  }

  #take(): Pending[] {
    const group: Pending[] = [];
    let bytes = 0;
    for (const pending of this.#waiting) {
      if (bytes >= groupBytes) break;
      bytes += pending.batch.size;
      group.push(pending);
      this.#waiting.delete(pending);
    }
    return group;
  }

  async #append(group: readonly Pending[]): Promise<void> {
    // Bytes are copied before anything is waited for: the memory of an aborted write is used again.
    const parts = this.#encoded(group);
    await this.#files.append(parts, (path, error) => {
      if (this.#paths.single) return false;
      if (!isLasting(error)) return isForbidden(error) && this.#close(path, error, group);
      refuse(group, path, error);
      return true;
    });
  }

  /** The others go on without it, where that repeats nothing: not where a batch has records for other files, too. */
  #close(path: string, error: unknown, group: readonly Pending[]): boolean {
    const isFor = ({ files }: Pending) => files.some((file) => file.path === path);
    const concerned = group.filter(isFor);
    if (concerned.some(({ files }) => files.length > 1)) return false;
    const reason = explain(error, path);
    this.#log.warn(`${reason.message}: what is for it waits, and is tried again every 5 s`);
    const stuck = this.#closed.close(path, reason);
    for (const { done } of concerned) done.reject(stuck);
    // What came after them must not overtake them.
    this.#fail([...this.#waiting].filter(isFor), stuck);
    return true;
  }

  #encoded(group: readonly Pending[]): Map<string, Buffer[]> {
    const parts = new Map<string, Buffer[]>();
    const json = this.#options.value === 'json';
    const length = group.reduce((sum, { batch }) => sum + batch.size + batch.count, 0);
    if (!json && this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(length);
    let free = this.#scratch;
    for (const { batch, files } of group) {
      for (const { path, indices } of files) {
        const records = indices ? batch.select(Uint32Array.from(indices)) : batch;
        const lines = json ? jsonLines(records) : textLines(records, free);
        if (!json) free = free.subarray(lines.length);
        const own = parts.get(path);
        if (own) own.push(lines);
        else parts.set(path, [lines]);
      }
    }
    return parts;
  }
}

/** The records of a file that can never be. */
function refuse(group: readonly Pending[], path: string, error: unknown): void {
  const { message } = explain(error, path);
  const reason = new LogcatchError('LC_RECORD_REFUSED', message, { cause: error });
  for (const { batch, files, refused } of group) {
    for (const { path: own, indices } of files) {
      if (own !== path) continue;
      const all = indices ?? Array.from({ length: batch.count }, (_, index) => index);
      refused.push(...all.map((index) => ({ index, reason, target: path })));
    }
  }
}
