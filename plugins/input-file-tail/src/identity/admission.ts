import type { Attributes, InputContext, Source } from '@logcatch/plugin-api';
import type { Opener } from '../find/opener.ts';
import type { InputParts } from '../parts.ts';
import type { Troubles } from '../troubles.ts';
import type { Ends, OpenFile } from './file.ts';
import { type FileFacts, identify } from './identity.ts';
import { PassedOver } from './passed-over.ts';
import { RotatedAway } from './rotated-away.ts';
import type { RotatedForms } from './rotated-forms.ts';
import { StoredRows } from './stored-rows.ts';
import { begun, begunAt, ended, goneOn, type Wanted } from './wanted.ts';

/** A file with the source it is to be read as. */
export interface Admitted {
  readonly file: OpenFile;
  readonly source: Source;
  /** It has no path of its own any more: it was rotated away while logcatch did not run. */
  readonly lost: boolean;
}

export interface AdmissionOptions {
  /** Look as well for files that were renamed away since the positions were stored. */
  readonly rotatedAway: boolean;
  /** New sources begin at the end of their files. */
  readonly fromEnd: boolean;
}

type Originals = ReadonlyMap<OpenFile, Source>;

/** Decides for opened files which source each is, and opens the sources. */
export class Admission {
  readonly passedOver = new PassedOver();
  readonly #ctx: InputContext;
  readonly #forms: RotatedForms;
  readonly #troubles: Troubles;
  readonly #tooOld: (facts: FileFacts) => boolean;
  readonly #attributesOf: (path: string) => Attributes | undefined;
  readonly rotatedAway: RotatedAway;
  /** How often each decision was made. */
  readonly #verdicts = new Map<string, number>();

  /** @param tooOld whether a file is to be left alone where it was never read */
  constructor(parts: InputParts, opener: Opener, tooOld: (facts: FileFacts) => boolean) {
    this.#ctx = parts.ctx;
    this.#troubles = parts.troubles;
    this.#tooOld = tooOld;
    this.#attributesOf = parts.attributesOf;
    this.#forms = parts.forms;
    this.rotatedAway = new RotatedAway(parts, opener);
  }

  /** For the log: how often each decision was made so far. */
  get summary(): string {
    return [...this.#verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  }

  /** Where to look at files, for {@link admit} to tell what they are. */
  ends({ fromEnd }: Pick<AdmissionOptions, 'fromEnd'>): Ends {
    const rows = new StoredRows(this.#ctx.sources.known());
    return (file) => {
      const end = this.#firstEnd(file, fromEnd);
      return end === undefined ? rows.ends(file) : [...rows.ends(file), end];
    };
  }

  /** All in one commit: their start positions are on disk before a byte is read. */
  async admit(files: readonly OpenFile[], { rotatedAway, fromEnd }: AdmissionOptions): Promise<Admitted[]> {
    const { sources } = this.#ctx;
    const originals = await this.#forms.originals(files);
    if (rotatedAway) this.rotatedAway.begin();
    const rows = new StoredRows(sources.known());
    const wanted = this.#claims(files, originals, rows, fromEnd);
    if (rotatedAway) {
      wanted.push(...(await this.rotatedAway.find(rows, wanted.length, (...decision) => this.#say(...decision))));
    }
    const opened = await this.#openSources(wanted);
    const admitted: Admitted[] = [];
    for (const [i, { file, end, request, lost = false }] of wanted.entries()) {
      const source = opened[i]!;
      if (end) sources.end(source, end);
      if (file && file.facts.path !== request.path) sources.renamed(source, file.facts.path);
      if (file) admitted.push({ file, source, lost });
    }
    return admitted;
  }

  async #openSources(wanted: readonly Wanted[]): Promise<Source[]> {
    try {
      return this.#ctx.sources.open(
        wanted.map(({ request, file, origin = request.path }) => {
          const attributes = file && (this.#attributesOf(origin) ?? this.#attributesOf(request.path));
          return attributes ? { ...request, attributes } : request;
        }),
      );
    } catch (error) {
      await Promise.all(wanted.map(({ file }) => file?.handle?.close()));
      throw error;
    }
  }

  /** Where a new file ended at the first start, if that is where it begins. */
  #firstEnd(file: Parameters<Ends>[0] & Pick<FileFacts, 'archive'>, fromEnd: boolean): number | undefined {
    if (fromEnd) return file.size;
    const { archive } = file;
    const passedOver = this.passedOver.bytesOf(archive ? { ...file, size: archive.bytes } : file);
    // Of an archive only its own bytes were known then.
    return archive && passedOver !== undefined ? file.size : passedOver;
  }

  /** Files that go on come first: a row belongs to the file that has its inode before it can count as replaced. */
  #claims(files: readonly OpenFile[], originals: Originals, rows: StoredRows, fromEnd: boolean): Wanted[] {
    const wanted: Wanted[] = [];
    const others: OpenFile[] = [];
    for (const file of files) {
      const identity = identify(file.facts, rows.candidates(file.facts));
      if (identity.verdict !== 'same' && identity.verdict !== 'renamed') {
        others.push(file);
        continue;
      }
      const { row, verdict, reason } = identity;
      rows.take(row);
      this.#say(file, verdict, reason);
      wanted.push(goneOn(file, row));
      // What that inode held before, and whose end was not stored.
      for (const old of rows.withInodeOf(file.facts)) {
        rows.take(old);
        wanted.push(ended(old, 'truncated'));
      }
    }
    // A row goes to the archive of its file before another one can have its inode number.
    const rotated = others.map((file) => this.#rotated(file, originals.get(file), rows));
    for (const [i, file] of others.entries()) wanted.push(...(rotated[i] ?? this.#fresh(file, rows, fromEnd)));
    return wanted;
  }

  /** What becomes of an archive that is the rotated form of another file; `undefined`: it is not. */
  #rotated(file: OpenFile, original: Source | undefined, rows: StoredRows): Wanted[] | undefined {
    if (!file.facts.archive) return undefined;
    const setAside = original !== undefined && this.#forms.setAside(file, original);
    const row = setAside ? undefined : this.#forms.rowOf(file.facts, rows.left);
    if (!setAside && !row) return undefined;
    this.#say(file, 'rotated', 'it holds, compressed, what was read of another file');
    this.#warn(file.facts);
    if (!row) return [];
    rows.take(row);
    return [goneOn(file, row)];
  }

  #fresh(file: OpenFile, rows: StoredRows, fromEnd: boolean): Wanted[] {
    const { verdict, reason } = identify(file.facts, rows.candidates(file.facts));
    const had = rows.withInodeOf(file.facts);
    const before = verdict === 'replaced' ? had.filter((row) => !this.rotatedAway.awaits(row)) : had;
    const end = verdict === 'new' ? this.#firstEnd(file.facts, fromEnd) : undefined;
    // It was opened as it could have been the rest of another one.
    if (had.length === 0 && end === undefined && this.#tooOld(file.facts)) {
      void file.handle?.close();
      return [];
    }
    this.#say(file, verdict, reason);
    this.#warn(file.facts);
    for (const row of had) rows.take(row);
    return [
      ...before.map((row) => ended(row, verdict === 'truncated' ? 'truncated' : 'replaced')),
      end === undefined ? begun(file) : begunAt(file, end),
    ];
  }

  #warn({ path, archive }: FileFacts): void {
    if (!archive?.fault) return;
    const message = `${path} is damaged or cut off: it can be decompressed up to byte ${archive.length} (${archive.fault})`;
    const hint = 'What can be is read; the rest is in no account.';
    this.#troubles.warnOnce(path, 'LC_INPUT_UNREADABLE', message, hint);
  }

  #say({ facts }: OpenFile, verdict: string, reason: string): void {
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1);
    const level = verdict === 'same' || verdict === 'new' ? 'debug' : 'info';
    this.#ctx.log[level](`${facts.path}: ${verdict}: ${reason}`);
  }
}
