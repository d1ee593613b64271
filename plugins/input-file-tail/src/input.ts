import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Batch, type Input, type InputContext, LogcatchError, type Source } from '@logcatch/plugin-api';
import { Discovery } from './discovery.ts';
import { Finder, type Findings, statOf } from './finder.ts';
import { FolderHub, type HubOptions, processHub } from './folder-hub.ts';
import { Follower } from './follower.ts';
import { Exclusions, Pattern } from './glob.ts';
import type { Options } from './options.ts';
import { Roots } from './roots.ts';
import type { Reading, Tail } from './tail.ts';
import { Tails } from './tails.ts';
import { Troubles } from './troubles.ts';
import { type Tuning, tuning as usual } from './tuning.ts';
import { Turns } from './turns.ts';

/** What tests replace. */
export interface Injected {
  readonly tuning?: Partial<Tuning>;
  readonly startWatch?: HubOptions['startWatch'];
}

/** Follows files: discovery keeps the tails in step with the disk, turns say which is read next, each read is a batch. */
export class FileTail implements Input {
  readonly #ctx: InputContext;
  readonly #patterns: readonly Pattern[];
  readonly #tails = new Tails();
  readonly #turns = new Turns();
  readonly #troubles: Troubles;
  readonly #discovery: Discovery;
  readonly #follower: Follower;
  readonly #reading: Reading;
  readonly #stopping = new AbortController();
  #starting: Promise<void> | undefined;

  constructor(options: Options, ctx: InputContext, { tuning, startWatch }: Injected = {}) {
    const resolve = (path: string) => ctx.resolve(path);
    this.#ctx = ctx;
    this.#patterns = options.paths.map((text) => new Pattern(text, resolve));
    this.#troubles = new Troubles(ctx);
    const finder = new Finder(this.#patterns, new Exclusions(options.exclude ?? [], resolve));
    const parts = { ctx, finder, tails: this.#tails, turns: this.#turns, troubles: this.#troubles };
    const roots = new Roots(options.roots?.map(resolve));
    this.#discovery = new Discovery({ ...parts, roots, fromEnd: options.from === 'end' });
    if (ctx.untrusted && !options.roots) {
      ctx.log.warn('its paths come from a remote source, and nothing limits which files it may read: set `roots`');
    }
    this.#follower = new Follower({
      ...parts,
      discovery: this.#discovery,
      tuning: { ...usual, ...tuning },
      folders: {
        hub: startWatch ? new FolderHub({ startWatch, ...(tuning && { tuning }) }) : processHub,
        interest: (folder) => finder.interest(folder),
      },
    });
    this.#reading = {
      buffers: ctx.buffers,
      framing: {
        stripCr: options.strip_cr,
        maxLineBytes: options.max_line_bytes,
        get maxRecords() {
          return Math.min(ctx.maxRecords, 65_536);
        },
      },
      split: (tail, records, position) => this.#split(tail, records, position),
      grew: (tail, meta) => ctx.sources.remember(tail.source, meta),
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#starting = this.#start(AbortSignal.any([signal, this.#stopping.signal]));
    await this.#starting;
  }

  async read(signal: AbortSignal): Promise<Batch | null> {
    this.#troubles.speak();
    for (;;) {
      signal.throwIfAborted();
      this.#turns.throwIfFailed();
      const tail = this.#turns.next();
      const batch = tail && (await this.#readFrom(tail, signal));
      if (batch) return batch;
      if (tail) continue;
      if (this.#complete()) return null;
      await this.#turns.changed(signal);
    }
  }

  pause(source: Source): void {
    const tail = this.#tails.of(source);
    if (tail) tail.paused = true;
  }

  resume(source: Source): void {
    const tail = this.#tails.of(source);
    if (!tail) return;
    tail.paused = false;
    this.#turns.offer(tail);
  }

  rewind(source: Source, position: number): void {
    const tail = this.#tails.of(source);
    if (tail) {
      tail.rewind(position);
      this.#turns.offer(tail);
      return;
    }
    // Only what was overwritten ends before all of it has settled.
    this.#ctx.log.warn(`${source.path}: truncated before all of it was delivered: lost from position ${position}`);
    this.#ctx.sources.end(source, 'truncated');
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the input stops'));
    await this.#starting?.catch(() => {});
    await this.#free();
  }

  async #start(signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      const findings = await this.#discovery.first(signal);
      await this.#missing(findings);
      signal.throwIfAborted();
      this.#follower.start(findings.folders);
    } catch (error) {
      await this.#free();
      throw error;
    }
  }

  async #readFrom(tail: Tail, signal: AbortSignal): Promise<Batch | null> {
    try {
      const batch = await tail.read(this.#reading, signal);
      if (tail.overwritten) await this.#discovery.overwritten(tail);
      if (this.#ctx.once && !tail.unread) await tail.release();
      return batch;
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#stopping.signal.aborted) await this.#discovery.broken(tail, error);
      return null;
    } finally {
      this.#turns.offer(tail);
    }
  }

  /** Whether a single pass has read all there was. A file that could not be read yet is still to come. */
  #complete(): boolean {
    if (!this.#ctx.once || this.#troubles.any || this.#stopping.signal.aborted) return false;
    return this.#tails.list.every((tail) => !tail.unread);
  }

  async #missing({ files, problems }: Findings): Promise<void> {
    const paths = [...files.keys()];
    const missing = this.#patterns.filter((pattern) => !paths.some((path) => pattern.matches(path)));
    if (missing.length === 0) return;
    const texts = missing.map(({ text }) => JSON.stringify(text)).join(', ');
    if (!this.#ctx.once) {
      this.#ctx.log.info(`waiting for files that match ${texts}`);
      return;
    }
    if (files.size > 0) return;
    const reasons = new Map(problems.map(({ path, message }) => [path, message]));
    for (const pattern of missing) {
      const folder = pattern.literal ? dirname(pattern.base) : pattern.base;
      const reason = reasons.has(folder) ? undefined : await folderProblem(folder);
      if (reason) reasons.set(folder, reason);
    }
    throw new LogcatchError('LC_INPUT_NO_MATCH', [`no file matches ${texts}`, ...reasons.values()].join('; '));
  }

  /** Warns once per source; how many there were is said when it is over. */
  #split(tail: Tail, records: number, position: number): void {
    tail.splits += records;
    if (tail.splits > records) return;
    const { maxLineBytes } = this.#reading.framing;
    this.#ctx.log.warn(`${tail.path}: a line is longer than max_line_bytes (${maxLineBytes}) and is split`, {
      position,
    });
  }

  async #free(): Promise<void> {
    await this.#follower.stop();
    for (const { path, splits } of this.#tails) {
      if (splits > 0) this.#ctx.log.info(`${path}: ${splits} records were cut off lines that are too long`);
    }
    await this.#tails.close();
  }
}

async function folderProblem(folder: string): Promise<string | undefined> {
  const stat = statOf(folder);
  if (stat === undefined) return `there is no folder ${folder}`;
  if (stat !== 'unknown' && !stat.isDirectory()) return `${folder} is not a folder`;
  const { R_OK, X_OK } = constants;
  return access(folder, R_OK | X_OK).then(
    () => undefined,
    () => `the folder ${folder} cannot be read`,
  );
}
