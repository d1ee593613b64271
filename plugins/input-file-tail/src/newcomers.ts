import { dirname } from 'node:path';
import type { Source } from '@logcatch/plugin-api';
import type { FoundFile } from './find/finder.ts';
import { Opener } from './find/opener.ts';
import type { Roots } from './find/roots.ts';
import { Admission, type AdmissionOptions } from './identity/admission.ts';
import type { OpenFile } from './identity/file.ts';
import { fileKey, readPart } from './identity/identity.ts';
import type { FileStat } from './machine/disk.ts';
import type { InputParts } from './parts.ts';
import { Tail } from './reading/tail.ts';

export interface NewcomerOptions {
  readonly roots: Roots;
  /** Milliseconds: files that were not changed for longer, and were never read, are left alone. */
  readonly ignoreOlder: number | undefined;
  /** Looks whether a file has grown, or was overwritten. */
  observe(tail: Tail, now: number): void;
}

export interface AdmitOptions extends AdmissionOptions {
  /** The input is not there yet: it fails where it cannot store positions. */
  readonly starting: boolean;
}

/** Files that are found and not read: opens them, has it decided what they are, and makes tails of them. */
export class Newcomers {
  readonly #parts: InputParts;
  readonly #options: NewcomerOptions;
  readonly #opener: Opener;
  readonly admission: Admission;

  constructor(parts: InputParts, options: NewcomerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#opener = new Opener(parts, options.roots);
    this.admission = new Admission(parts, this.#opener, (facts) => this.tooOld(facts) !== undefined);
  }

  async admit(found: readonly FoundFile[], options: AdmitOptions, signal: AbortSignal): Promise<void> {
    const { ctx, process, troubles } = this.#parts;
    const wanted = this.#recent(found, options);
    if (wanted.length === 0 && !options.rotatedAway) return;
    const files = await this.#opener.open(wanted, this.admission.ends(options), signal);
    const paths = files.map(({ facts }) => facts.path);
    const admitted = await this.admission.admit(files, options).then(
      (all) => {
        troubles.storing(paths, null);
        return all;
      },
      (error) => {
        if (options.starting) throw error;
        // They wait for the next look, and the others go on.
        troubles.storing(paths, error);
        return [];
      },
    );
    const now = process.clock.now();
    // Sources are numbered as they were found: of several at one path the oldest comes first.
    for (const { file, source, lost } of admitted.toSorted((a, b) => a.source.key - b.source.key)) {
      const idle = Math.max(0, process.clock.wallTime() - file.facts.modified);
      const tail = this.#follow(file, source, now - idle);
      if (lost) tail.lostAt = now;
      // In a single pass any number of files is read in turn: none needs its handle before.
      if (ctx.once) await tail.file.release();
    }
    signal.throwIfAborted();
  }

  /** The file of a tail is gone, and what it held is there as an archive: its source goes on with that. @returns whether it does */
  passOn({ source, file, paused }: Tail): boolean {
    const { ctx, process } = this.#parts;
    const heir = this.#parts.forms.heirOf(source);
    if (!heir) return false;
    const meta = { ...heir.meta, ...readPart(file.meta) };
    ctx.sources.remember(source, meta);
    ctx.sources.renamed(source, heir.facts.path);
    this.#follow({ ...heir, meta }, source, process.clock.now()).paused = paused;
    return true;
  }

  /** Why a file that matches is not read, where that was decided. */
  ignored(file: FoundFile): string | undefined {
    const { forms, unpackings } = this.#parts;
    if (forms.isSetAside(file)) return 'it holds, compressed, what is read of another file';
    if (unpackings.has(file.path)) return 'it is an archive, and read through first to know how much it holds';
    return this.tooOld(file.stat);
  }

  /** Says why, if it is. */
  tooOld({ modified }: Pick<FileStat, 'modified'>): string | undefined {
    const { ignoreOlder } = this.#options;
    const age = this.#parts.process.clock.wallTime() - modified;
    if (ignoreOlder === undefined || age <= ignoreOlder) return undefined;
    return `it was not changed for ${Math.round(age / 1_000)} s, longer than ignore_older`;
  }

  /** Whether it is worth while to read an archive through: one that is too old can still be the rest of a file. */
  async wants(path: string, stat: FileStat, head: () => Promise<Uint8Array>): Promise<boolean> {
    const { passedOver } = this.admission;
    return !this.tooOld(stat) || passedOver.has(stat) || this.#parts.forms.mayBe(path, await head());
  }

  /** Without those that are too old. With `from: end` they are not: their ends are their positions. */
  #recent(found: readonly FoundFile[], { fromEnd, rotatedAway }: AdmissionOptions): readonly FoundFile[] {
    const { ctx, forms, unpackings } = this.#parts;
    if (this.#options.ignoreOlder === undefined || fromEnd) return found;
    const stored = new Set(ctx.sources.known().map(({ meta }) => `${meta.dev}:${meta.ino}`));
    const orphaned = forms.orphaned(found, rotatedAway);
    return found.filter(({ path, stat }) => {
      return !this.tooOld(stat) || stored.has(fileKey(stat)) || unpackings.has(path) || orphaned.has(dirname(path));
    });
  }

  #follow(file: OpenFile, source: Source, grewAt: number): Tail {
    const { ctx, tails, turns, process, looks } = this.#parts;
    const place = { disk: process.disk, handles: process.handles, sources: ctx.sources };
    const tail = new Tail(place, file, source, { once: ctx.once, grewAt });
    const before = tails.add(tail);
    // What was written to it before the new file was made is there by now, but perhaps not seen yet.
    if (before) this.#options.observe(before, process.clock.now());
    if (!ctx.once) looks.within(0, tail);
    turns.offer(tail);
    return tail;
  }
}
