import {
  type Batch,
  type Input,
  type InputContext,
  LogcatchError,
  type PathExplanation,
  type Source,
} from '@logcatch/plugin-api';
import { Discovery } from './discovery.ts';
import { explain } from './explain.ts';
import { Finder, type Findings } from './find/finder.ts';
import { Exclusions, Pattern } from './find/glob.ts';
import { capturesOf } from './find/path-attributes.ts';
import { Roots } from './find/roots.ts';
import { checkUntrusted } from './find/untrusted.ts';
import { Follower } from './follower.ts';
import { flawTexts, heldAdvice } from './framing/flaws.ts';
import type { Flaw, Framed } from './framing/framer.ts';
import { framerOf } from './framing/framing.ts';
import { RotatedForms } from './identity/rotated-forms.ts';
import { Slices } from './machine/slices.ts';
import { UnpackingDisk } from './machine/unpacking-disk.ts';
import { quoted, unmatched, whyNoFile } from './no-file.ts';
import type { Options } from './options.ts';
import type { InputParts } from './parts.ts';
import { InputLooks } from './process/looks.ts';
import { type Process, thisProcess } from './process/process.ts';
import { Unpackings } from './process/unpackings.ts';
import type { Reading, Tail } from './reading/tail.ts';
import { Tails } from './reading/tails.ts';
import { Turns } from './reading/turns.ts';
import { Troubles } from './troubles.ts';

/** Reads before other work gets its turn: about half a millisecond where they are short. */
const readsPerTurn = 32;

const stops = new Error('the input stops');

/** Follows files: discovery keeps the tails in step with the disk, turns say which is read next, each read is a batch. */
export class FileTail implements Input {
  readonly #ctx: InputContext;
  readonly #process: Process;
  readonly #patterns: readonly Pattern[];
  readonly #exclusions: Exclusions;
  readonly #parts: InputParts & { readonly looks: InputLooks<Tail> };
  readonly #discovery: Discovery;
  readonly #follower: Follower;
  readonly #reading: Reading;
  readonly #flawTexts: ReturnType<typeof flawTexts>;
  readonly #maxOpenFiles: number | undefined;
  readonly #stopping = new AbortController();
  readonly #slices: Slices;
  #unlimit: (() => void) | undefined;
  #starting: Promise<void> | undefined;

  /** @param process what all inputs share; tests give one of their own */
  constructor(options: Options, ctx: InputContext, process: Process = thisProcess) {
    const resolve = (path: string) => ctx.resolve(path);
    if (ctx.untrusted) checkUntrusted([...options.paths, ...(options.exclude ?? [])]);
    this.#ctx = ctx;
    const tails = new Tails();
    const forms = new RotatedForms(ctx.sources, tails, process.disk);
    const unpackings = new Unpackings({
      slots: process.unpackings,
      stopping: this.#stopping.signal,
      look: (...which) => this.#follower.lookSoon(...which),
      wake: () => this.#parts.turns.wake(),
    });
    const disk = new UnpackingDisk(process.disk, {
      clock: process.clock,
      once: ctx.once,
      stopping: this.#stopping.signal,
      known: () => forms.metas(),
      ends: (path) => forms.ends(path),
      wants: (...file) => this.#discovery.newcomers.wants(...file),
      unpack: (path, read) => unpackings.add(path, read),
    });
    this.#process = options.compression === 'auto' ? Object.assign(Object.create(process), { disk }) : process;
    this.#slices = new Slices(process.clock, readsPerTurn);
    this.#patterns = options.paths.map((text) => new Pattern(text, resolve));
    this.#exclusions = new Exclusions(options.exclude ?? [], resolve);
    this.#maxOpenFiles = options.max_open_files;
    this.#parts = {
      ctx,
      process: this.#process,
      finder: new Finder({
        ...process,
        disk: this.#process.disk,
        patterns: this.#patterns,
        exclusions: this.#exclusions,
      }),
      tails,
      forms,
      unpackings,
      turns: new Turns({ backlogRate: options.max_bytes_per_second, oldestFirst: options.oldest_first }),
      looks: new InputLooks(process.looks, (tail, now) => this.#follower.look(tail, now)),
      troubles: new Troubles(ctx),
      attributesOf: (path) => capturesOf(this.#patterns, path),
    };
    this.#discovery = new Discovery(this.#parts, {
      roots: new Roots(process.disk, options.roots?.map(resolve)),
      fromEnd: options.from === 'end',
      oldestFirst: options.oldest_first,
      ignoreOlder: options.ignore_older,
      patterns: this.#patterns,
      heldAdvice: heldAdvice(options),
    });
    for (const { text, base } of this.#patterns) {
      const excluded = this.#exclusions.by(base);
      if (excluded)
        ctx.log.warn(`\`exclude\` leaves out ${excluded}, so that nothing can match ${JSON.stringify(text)}`);
    }
    if (ctx.untrusted && !options.roots) {
      ctx.log.warn('its paths come from a remote source, and nothing limits which files it may read: set `roots`');
    }
    this.#follower = new Follower(this.#parts, {
      discovery: this.#discovery,
      watch: options.watch === 'auto',
      close: { renamed: options.close_renamed, removed: options.close_removed, inactive: options.close_inactive },
    });
    this.#flawTexts = flawTexts(options);
    this.#reading = {
      buffers: ctx.buffers,
      clock: process.clock,
      slots: process.reads,
      framer: framerOf(options, () => ctx.maxRecords),
      flawed: (tail, framed, position) => this.#flawed(tail, framed, position),
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#starting = this.#start(AbortSignal.any([signal, this.#stopping.signal]));
    await this.#starting;
  }

  async read(signal: AbortSignal): Promise<Batch | null> {
    this.#parts.troubles.speak();
    for (;;) {
      // What is in memory is read at once, and would keep the loop from turning.
      await this.#slices.next();
      signal.throwIfAborted();
      this.#parts.turns.throwIfFailed();
      const now = this.#process.clock.now();
      const tail = this.#parts.turns.next(now);
      const batch = tail && (await this.#readFrom(tail, signal));
      if (batch) return batch;
      if (tail) continue;
      if (this.#complete()) return null;
      await this.#wait(this.#parts.turns.wait(now), signal);
    }
  }

  pause(source: Source): void {
    const tail = this.#parts.tails.of(source);
    if (tail) tail.paused = true;
  }

  resume(source: Source): void {
    const tail = this.#parts.tails.of(source);
    if (!tail) return;
    tail.paused = false;
    this.#parts.turns.offer(tail);
  }

  rewind(source: Source, position: number): void {
    const tail = this.#parts.tails.of(source);
    if (tail) {
      tail.rewind(position);
      this.#parts.turns.offer(tail);
      return;
    }
    // Only what was overwritten ends before all of it has settled.
    this.#ctx.log.warn(`${source.path}: truncated before all of it was delivered: lost from position ${position}`);
    this.#ctx.sources.end(source, 'truncated');
  }

  async stop(): Promise<void> {
    this.#stopping.abort(stops);
    await this.#starting?.catch(() => {});
    await this.#free();
  }

  idle(): string | undefined {
    return this.#discovery.idle;
  }

  async explain(path: string): Promise<PathExplanation | undefined> {
    return explain(this.#ctx.resolve(path), {
      ...this.#parts,
      patterns: this.#patterns,
      exclusions: this.#exclusions,
      discovery: this.#discovery,
    });
  }

  async #start(signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      if (this.#maxOpenFiles !== undefined) this.#unlimit = this.#process.handles.limit(this.#maxOpenFiles);
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
      const { lane } = tail;
      const batch = await tail.read(this.#reading, signal);
      if (batch && lane === 'backlog') this.#parts.turns.spent(batch.end - batch.start, this.#process.clock.now());
      if (tail.overwritten) await this.#discovery.overwritten(tail);
      if (tail.heldUntil !== undefined) this.#parts.looks.within(tail.heldUntil - this.#process.clock.now(), tail);
      if (this.#ctx.once && !tail.unread) await tail.file.release();
      return batch;
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#stopping.signal.aborted) await this.#discovery.broken(tail, error);
      if (tail.file.missing) this.#parts.looks.within(0, tail);
      return null;
    } finally {
      this.#parts.turns.offer(tail);
    }
  }

  /** Until something can be read, or the backlogs may be. */
  async #wait(milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
    const { turns } = this.#parts;
    const cancel = milliseconds === undefined ? undefined : this.#process.clock.after(milliseconds, () => turns.wake());
    await turns.changed(signal).finally(cancel);
  }

  /** Whether a single pass has read all there was. A file that could not be read yet is still to come. */
  #complete(): boolean {
    const { troubles, unpackings } = this.#parts;
    if (!this.#ctx.once || troubles.any || unpackings.any || this.#stopping.signal.aborted) return false;
    return this.#parts.tails.list.every((tail) => !tail.unread);
  }

  async #missing(findings: Findings): Promise<void> {
    const missing = unmatched(this.#patterns, findings);
    if (missing.length === 0) return;
    if (!this.#ctx.once) this.#ctx.log.info(`waiting for files that match ${quoted(missing)}`);
    else if (findings.files.size === 0) {
      throw new LogcatchError('LC_INPUT_NO_MATCH', await whyNoFile(missing, findings, this.#process.disk));
    }
  }

  /** Warns once per source of each kind; how many there were is said when it is over. */
  #flawed(tail: Tail, { flaws, unparsed }: Pick<Framed, 'flaws' | 'unparsed'>, start: number): void {
    for (const [flaw, records] of Object.entries(flaws) as [Flaw, number][]) {
      const before = tail.flaws.get(flaw) ?? 0;
      tail.flaws.set(flaw, before + records);
      if (before > 0) continue;
      const { position, why } = (flaw === 'unparsed' && unparsed) || { position: start };
      this.#ctx.log.warn(`${tail.path}: ${this.#flawTexts[flaw].one}${why ? `: ${why}` : ''}`, { position });
    }
  }

  async #free(): Promise<void> {
    this.#stopping.abort(stops);
    this.#unlimit?.();
    await this.#follower.stop();
    await this.#parts.unpackings.idle();
    for (const { path, flaws } of this.#parts.tails) {
      for (const [flaw, count] of flaws) this.#ctx.log.info(`${path}: ${this.#flawTexts[flaw].all}: ${count}`);
    }
    this.#parts.looks.close();
    await this.#parts.tails.close();
  }
}
