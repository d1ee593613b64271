import type { Source } from '@logcatch/plugin-api';
import { type Findings, type FoundFile, newFindings, unreadable } from './find/finder.ts';
import type { Pattern } from './find/glob.ts';
import { movedAway } from './find/missing.ts';
import type { Admission } from './identity/admission.ts';
import { fileKey } from './identity/identity.ts';
import { statOf } from './machine/disk.ts';
import { type NewcomerOptions, Newcomers } from './newcomers.ts';
import { whyNothing } from './no-file.ts';
import type { InputParts } from './parts.ts';
import type { Tail } from './reading/tail.ts';
import { MissingFile } from './reading/tailed-file.ts';
import { Untold } from './untold.ts';

/** Where to look: everywhere, or only where a hint points to. */
export interface Scope {
  readonly paths: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

export interface DiscoveryOptions extends Omit<NewcomerOptions, 'observe'> {
  readonly fromEnd: boolean;
  readonly oldestFirst: boolean;
  readonly patterns: readonly Pattern[];
  /** What to say where a record was held that is lost. */
  readonly heldAdvice: string;
}

/** Keeps the tails in step with the files there are. What is on the disk is the truth; it is looked at, never assumed. */
export class Discovery {
  readonly #parts: InputParts;
  readonly #options: DiscoveryOptions;
  readonly newcomers: Newcomers;
  readonly #admission: Admission;
  readonly #untold: Untold;
  #whyNothing: string | undefined;

  constructor(parts: InputParts, options: DiscoveryOptions) {
    this.#parts = parts;
    this.#options = options;
    this.newcomers = new Newcomers(parts, { ...options, observe: (tail, now) => this.observe(tail, now) });
    this.#admission = this.newcomers.admission;
    this.#untold = new Untold(parts);
  }

  /** Why no file is read, as the last look at everything has found; `undefined`: some are. */
  get idle(): string | undefined {
    return this.#parts.tails.list.length > 0 ? undefined : this.#whyNothing;
  }

  /** The look at start: finds stored sources again, those too that were renamed away. */
  async first(signal: AbortSignal): Promise<Findings> {
    const { ctx, finder, tails, unpackings } = this.#parts;
    const findings = await finder.all();
    this.#report(findings, true);
    const fromEnd = this.#options.fromEnd && ctx.firstStart;
    const files = [...findings.files.values()];
    await this.newcomers.admit(files, { starting: true, rotatedAway: true, fromEnd }, signal);
    if (fromEnd) this.#admission.passedOver.add(files.filter(({ stat }) => !tails.ofFile(fileKey(stat))));
    unpackings.start();
    // An archive can be the oldest. And started anew before its end is stored, this would not know that it is passed over.
    if (fromEnd || this.#options.oldestFirst) await unpackings.idle();
    signal.throwIfAborted();
    ctx.log.info(`files found at start: ${this.#admission.summary || 'none'}`);
    await this.#explain(findings);
    return findings;
  }

  /** Looks at everything, or at a part. */
  async look(scope: Scope | 'all', signal: AbortSignal): Promise<Findings> {
    const unchanged = new Set<Tail>();
    const findings =
      scope === 'all'
        ? await this.#parts.finder.all((path) => this.#unchanged(path, unchanged))
        : await this.#partly(scope);
    signal.throwIfAborted();
    this.#report(findings, scope === 'all');
    const { fresh, found } = this.#known(findings);
    this.#admission.passedOver.see(fresh);
    const untold = scope === 'all' ? this.#untold.among(fresh) : [];
    for (const tail of this.#parts.tails) {
      const concerned = scope === 'all' || scope.paths.has(tail.path) || scope.folders.has(tail.folder);
      if (!concerned) continue;
      if (!found.has(tail) && !unchanged.has(tail) && !this.#isAt(tail)) {
        tail.lostAt ??= this.#now;
        tail.strayed = true;
        this.#parts.looks.within(0, tail);
      }
      if (scope === 'all' && tail.lostAt !== undefined) this.#retry(tail);
    }
    await this.#findMissing(signal);
    const rotatedAway = scope === 'all' && this.#admission.rotatedAway.undecided;
    await this.newcomers.admit(fresh, { starting: false, rotatedAway, fromEnd: false }, signal);
    this.#untold.say(untold);
    if (scope === 'all') await this.#explain(findings);
    return findings;
  }

  /** Looks whether a file has grown, or was overwritten. */
  observe(tail: Tail, now: number): void {
    // One that was overwritten and has lost its path before its new content was opened may be there again.
    if (tail.overwritten && !tail.file.missing) return;
    try {
      tail.observe(now);
      if (tail.overwritten && !tail.file.missing) this.#overwritten(tail);
      if (tail.unread || tail.later) this.#parts.turns.offer(tail);
    } catch (error) {
      void this.broken(tail, error);
    }
  }

  /** The content of a tail's file was overwritten: what is there now is a source of its own, read from its beginning. */
  async overwritten(tail: Tail): Promise<void> {
    const { ctx, tails, turns, looks, troubles, attributesOf } = this.#parts;
    const before = tail.source;
    const { own } = tail;
    const behind = own - tail.position;
    const advice = tail.heldUntil === undefined ? undefined : this.#options.heldAdvice;
    const file = await tail.file.look();
    if (tails.of(before) !== tail || !tail.overwritten) return;
    // One that was renamed away is looked for, after a restart, where it was found.
    const path = tail.lostAt === undefined ? tail.path : before.path;
    const attributes = attributesOf(path);
    let opened: readonly Source[];
    try {
      opened = ctx.sources.open([{ path, position: 0, meta: file.meta, ...(attributes && { attributes }) }]);
    } catch (error) {
      // It waits for the next look, as a new file does.
      troubles.storing([tail.path], error);
      return;
    }
    troubles.storing([tail.path], null);
    const [source] = opened;
    ctx.sources.end(before, 'truncated', own, advice);
    if (path !== tail.path) ctx.sources.renamed(source!, tail.path);
    tail.restart(source!, file, this.#now);
    tails.resourced(tail, before);
    ctx.log.info(`${tail.path}: truncated; reading from its beginning`);
    if (behind > 0) this.#parts.forms.readAfterAll(before);
    turns.offer(tail);
    // It grows again: the look that saw the truncation did not know what would come of it, and the next one is far.
    looks.within(0, tail);
  }

  /** A tail cannot be read. The next look tries again, by its path if that still leads to it. */
  async broken(tail: Tail, error: unknown): Promise<void> {
    // Looked for in its folder by the look that this asks for.
    if (error instanceof MissingFile) return;
    tail.broken = error;
    const { code, message, hint } = unreadable(tail.path, error, true);
    this.#parts.troubles.set(tail.path, code, message, hint);
    if (this.#isAt(tail)) await tail.file.release();
  }

  async #explain(findings: Findings): Promise<void> {
    if (this.#parts.tails.list.length > 0) return;
    const ignored = [...findings.files.values()].filter(({ stat }) => this.newcomers.tooOld(stat)).length;
    this.#whyNothing = await whyNothing(this.#options.patterns, findings, ignored, this.#parts.process.disk);
  }

  get #now(): number {
    return this.#parts.process.clock.now();
  }

  async #partly({ paths, folders }: Scope): Promise<Findings> {
    const { finder } = this.#parts;
    const findings = newFindings();
    for (const folder of folders) {
      const { files, problems } = await finder.folder(folder);
      for (const [path, file] of files) findings.files.set(path, file);
      findings.problems.push(...problems);
    }
    for (const path of paths) if (finder.matches(path)) finder.one(path, findings, false);
    return findings;
  }

  /** Whether a path leads to a file that is read, and is what was seen of it last. */
  #unchanged(path: string, unchanged: Set<Tail>): boolean {
    const tail = this.#parts.tails.at(path);
    if (tail?.path !== path || tail.lostAt !== undefined || tail.strayed || tail.broken) return false;
    if (tail.file.missing || tail.overwritten) return false;
    const seen = this.#parts.process.disk.glance(path);
    if (seen?.key !== tail.key || !tail.isAsSeen(seen)) return false;
    unchanged.add(tail);
    return true;
  }

  /** Tells the files that are read already, under whatever path, from those that are not. */
  #known({ files }: Findings): { fresh: FoundFile[]; found: Set<Tail> } {
    const { tails, turns, ctx, looks } = this.#parts;
    const fresh: FoundFile[] = [];
    const found = new Map<Tail, FoundFile[]>();
    for (const file of files.values()) {
      const tail = tails.ofFile(fileKey(file.stat));
      if (!tail && this.#parts.forms.isSetAside(file)) continue;
      if (!tail) fresh.push(file);
      else if (found.has(tail)) found.get(tail)!.push(file);
      else found.set(tail, [file]);
    }
    for (const [tail, [first, ...others]] of found) {
      const moved = tail.path !== first!.path && !others.some(({ path }) => path === tail.path) && !this.#isAt(tail);
      if (moved) this.#moveTo(tail, first!.path);
      tail.file.missing = false;
      tail.lostAt = undefined;
      tail.strayed = false;
      tail.finishing = ctx.once || tail.whole;
      this.#retry(tail);
      // The file may be another size by now: it is looked at again, not judged by what was seen then.
      if (!tail.isAsSeen(first!.stat) && !ctx.once) looks.within(0, tail);
      turns.offer(tail);
    }
    return { fresh, found: new Set(found.keys()) };
  }

  #moveTo(tail: Tail, path: string): void {
    const { log, sources } = this.#parts.ctx;
    if (path !== tail.path) {
      log.info(`${tail.path}: renamed to ${path}`);
      sources.renamed(tail.source, path);
    }
    tail.file.moveTo(path);
  }

  async #findMissing(signal: AbortSignal): Promise<void> {
    const { turns, looks } = this.#parts;
    for await (const [tail, path] of movedAway(this.#parts)) {
      signal.throwIfAborted();
      tail.lostAt ??= this.#now;
      if (path === undefined) continue;
      this.#moveTo(tail, path);
      this.#retry(tail);
      looks.within(0, tail);
      turns.offer(tail);
    }
  }

  #report({ files, problems }: Findings, complete: boolean): void {
    const { troubles, tails } = this.#parts;
    if (complete) {
      const broken = [...tails].filter((tail) => tail.broken).map(({ path }) => path);
      const { unopened } = this.#admission.rotatedAway;
      troubles.keep(new Set([...problems.map(({ path }) => path), ...files.keys(), ...broken, ...unopened]));
    }
    for (const { path, code, message, hint, named } of problems) {
      if (named) troubles.set(path, code, message, hint);
      else troubles.warnOnce(path, code, message, hint);
    }
  }

  #retry(tail: Tail): void {
    if (tail.broken) {
      tail.broken = undefined;
      this.#parts.troubles.clear(tail.path);
      this.#parts.turns.offer(tail);
    }
    if (tail.overwritten) this.#overwritten(tail);
  }

  #overwritten(tail: Tail): void {
    this.overwritten(tail).catch((error) => this.broken(tail, error));
  }

  /** Whether a tail's file is at its path, or it cannot be told. */
  #isAt(tail: Tail): boolean {
    const stat = statOf(this.#parts.process.disk, tail.path);
    return stat === 'unknown' || (stat !== undefined && fileKey(stat) === tail.key);
  }
}
