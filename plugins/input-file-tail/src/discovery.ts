import { dirname } from 'node:path';
import type { InputContext } from '@logcatch/plugin-api';
import { messageOf } from '@logcatch/plugin-api';
import { admit } from './admission.ts';
import { type OpenFile, openFile } from './file.ts';
import { type Finder, type Findings, type FoundFile, newFindings, statOf, unreadable } from './finder.ts';
import { fileKey } from './identity.ts';
import { OwnFiles } from './own-files.ts';
import type { Roots } from './roots.ts';
import { Tail } from './tail.ts';
import type { Tails } from './tails.ts';
import type { Troubles } from './troubles.ts';
import type { Turns } from './turns.ts';

/** Files opened at once. */
const openings = 16;

/** Where to look: everywhere, or only where a hint points to. */
export interface Scope {
  readonly paths: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

export interface DiscoveryParts {
  readonly ctx: InputContext;
  readonly finder: Finder;
  readonly tails: Tails;
  readonly turns: Turns;
  readonly troubles: Troubles;
  readonly roots: Roots;
  readonly fromEnd: boolean;
}

/** Keeps the tails in step with the files there are. What is on the disk is the truth; it is looked at, never assumed. */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #ownFiles: OwnFiles;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.#ownFiles = new OwnFiles(parts.ctx.dataDir);
  }

  /** The look at start: finds stored sources again, those too that were renamed away. */
  async first(signal: AbortSignal): Promise<Findings> {
    const { ctx, finder, fromEnd } = this.#parts;
    const findings = await finder.all();
    this.#report(findings, true);
    await this.#admit([...findings.files.values()], { starting: true, fromEnd: fromEnd && ctx.firstStart }, signal);
    return findings;
  }

  /** Looks at everything, or at a part. */
  async look(scope: Scope | 'all', signal: AbortSignal): Promise<Findings> {
    const findings = scope === 'all' ? await this.#parts.finder.all() : await this.#partly(scope);
    signal.throwIfAborted();
    this.#report(findings, scope === 'all');
    const { fresh, found } = this.#known(findings);
    for (const tail of this.#parts.tails) {
      const concerned = scope === 'all' || scope.paths.has(tail.path) || scope.folders.has(dirname(tail.path));
      if (concerned && !found.has(tail) && !isAt(tail, tail.path)) tail.lostAt ??= performance.now();
      if (scope === 'all' && tail.lostAt !== undefined) this.#retry(tail);
    }
    await this.#admit(fresh, { starting: false, fromEnd: false }, signal);
    return findings;
  }

  /** The content of a tail's file was overwritten: what is there now is a source of its own, read from its beginning. */
  async overwritten(tail: Tail): Promise<void> {
    const { ctx, tails, turns } = this.#parts;
    const before = tail.source;
    const { behind } = tail;
    const file = await tail.look();
    if (tails.of(before) !== tail || !tail.overwritten) return;
    const [source] = ctx.sources.open([{ path: tail.path, position: 0, meta: file.meta }]);
    ctx.sources.end(before, 'truncated');
    tail.restart(source!, file, performance.now());
    tails.resourced(tail, before);
    ctx.log.info(`${tail.path}: truncated; reading from its beginning`);
    if (behind > 0) ctx.log.warn(`${tail.path}: truncated before its last ${behind} bytes were read`);
    turns.offer(tail);
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

  /** Tells the files that are read already, under whatever path, from those that are not. */
  #known({ files }: Findings): { fresh: FoundFile[]; found: Set<Tail> } {
    const { tails, turns, ctx } = this.#parts;
    const fresh: FoundFile[] = [];
    const found = new Map<Tail, string[]>();
    for (const file of files.values()) {
      const tail = tails.ofFile(fileKey(file.stat));
      if (!tail) fresh.push(file);
      else if (found.has(tail)) found.get(tail)!.push(file.path);
      else found.set(tail, [file.path]);
    }
    for (const [tail, paths] of found) {
      if (!paths.includes(tail.path) && !isAt(tail, tail.path)) {
        ctx.log.info(`${tail.path}: renamed to ${paths[0]}`);
        tail.path = paths[0]!;
        ctx.sources.renamed(tail.source, tail.path);
      }
      tail.lostAt = undefined;
      tail.finishing = ctx.once;
      this.#retry(tail);
      turns.offer(tail);
    }
    return { fresh, found: new Set(found.keys()) };
  }

  async #admit(
    found: readonly FoundFile[],
    options: { starting: boolean; fromEnd: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    if (found.length === 0 && !options.starting) return;
    const { ctx, tails, turns } = this.#parts;
    const files = await this.#open(found, signal);
    const admitted = await admit(files, ctx, options).catch((error) => {
      if (options.starting) throw error;
      // Their start positions cannot be stored: they wait for the next look, and the others go on.
      for (const { facts } of files) {
        this.#parts.troubles.set(facts.path, 'LC_STATE_WRITE', `${facts.path} is not read yet: ${messageOf(error)}`);
      }
      return [];
    });
    const now = performance.now();
    // Sources are numbered as they were found: of several at one path the oldest comes first.
    for (const { file, source, lost } of admitted.toSorted((a, b) => a.source.key - b.source.key)) {
      const tail = new Tail(file, source, { once: ctx.once, now });
      if (lost) tail.lostAt = now;
      const before = tails.add(tail);
      // What was written to it before the new file was made is there by now, but perhaps not seen yet.
      if (before) this.#observe(before, now);
      // In a single pass any number of files is read in turn: none needs its handle before.
      if (ctx.once) await tail.release();
      turns.offer(tail);
    }
    signal.throwIfAborted();
  }

  #observe(tail: Tail, now: number): void {
    try {
      tail.observe(now);
      this.#parts.turns.offer(tail);
    } catch (error) {
      void this.broken(tail, error);
    }
  }

  /** Opens what is there and readable and not yet open, each file once however many paths lead to it. */
  async #open(found: readonly FoundFile[], signal: AbortSignal): Promise<OpenFile[]> {
    const { ctx, tails } = this.#parts;
    const byPath = found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const groups = Map.groupBy(byPath, ({ stat }) => fileKey(stat));
    const opened = new Map<string, OpenFile | undefined>([...groups.keys()].map((key) => [key, undefined]));
    const waiting = groups.values();
    const worker = async () => {
      for (const group of waiting) {
        const file = await this.#openFirst(group, signal);
        if (!file) continue;
        // It may have become another file since it was found.
        const key = fileKey(file.facts);
        if (opened.get(key) || tails.ofFile(key)) await file.handle.close();
        else opened.set(key, file);
      }
    };
    await Promise.all(Array.from({ length: openings }, worker));
    const files = [...opened.values()].filter((file) => file !== undefined);
    if (signal.aborted) await Promise.all(files.map(({ handle }) => handle.close()));
    signal.throwIfAborted();
    ctx.log.debug(`opened ${files.length} of ${found.length} files found`);
    return files;
  }

  /** Opens the file under the first of its paths that works. */
  async #openFirst(group: readonly FoundFile[], signal: AbortSignal): Promise<OpenFile | undefined> {
    for (const { path, stat } of group) {
      if (signal.aborted) return undefined;
      const file = this.#mayRead(path, stat) ? await this.#tryToOpen(path) : undefined;
      if (file) return file;
    }
    return undefined;
  }

  #mayRead(path: string, stat: FoundFile['stat']): boolean {
    const own = this.#ownFiles.describe(path, stat);
    if (own) this.#parts.troubles.warnOnce(path, 'LC_INPUT_OWN_FILES', `${path} is ${own} and is not read`);
    return !own;
  }

  async #tryToOpen(path: string): Promise<OpenFile | undefined> {
    const { roots, troubles } = this.#parts;
    try {
      const file = await openFile(path);
      const outside = await roots.outside(file);
      if (outside !== undefined) {
        await file.handle.close();
        troubles.set(path, 'LC_INPUT_OUTSIDE_ROOTS', `${path} leads to ${outside}, outside of roots, and is not read`);
        return undefined;
      }
      troubles.clear(path);
      return file;
    } catch (error) {
      // Gone since it was found: not there is no trouble.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      const { code, message } = unreadable(path, error, true);
      troubles.set(path, code, message);
      return undefined;
    }
  }

  #report({ files, problems }: Findings, complete: boolean): void {
    const { troubles, tails } = this.#parts;
    if (complete) {
      const broken = [...tails].filter((tail) => tail.broken).map(({ path }) => path);
      troubles.keep(new Set([...problems.map(({ path }) => path), ...files.keys(), ...broken]));
    }
    for (const { path, code, message, named } of problems) {
      if (named) troubles.set(path, code, message);
      else troubles.warnOnce(path, code, message);
    }
  }

  /** A tail cannot be read. The next look tries again, by its path if that still leads to it. */
  async broken(tail: Tail, error: unknown): Promise<void> {
    tail.broken = error;
    this.#parts.troubles.set(tail.path, 'LC_INPUT_UNREADABLE', `${tail.path} cannot be read: ${messageOf(error)}`);
    if (isAt(tail, tail.path)) await tail.release();
  }

  #retry(tail: Tail): void {
    if (!tail.broken) return;
    tail.broken = undefined;
    this.#parts.troubles.clear(tail.path);
    this.#parts.turns.offer(tail);
    if (tail.overwritten) this.overwritten(tail).catch((error) => this.broken(tail, error));
  }
}

/** Whether a tail's file is at a path, or it cannot be told. */
function isAt(tail: Tail, path: string): boolean {
  const stat = statOf(path);
  return stat === 'unknown' || (stat !== undefined && fileKey(stat) === tail.key);
}
