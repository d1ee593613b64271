import { dirname, join } from 'node:path';
import { type ErrorCode, messageOf } from '@logcatch/plugin-api';
import { type Disk, type Entry, type FileStat, isMissing, statOf } from '../machine/disk.ts';
import type { Slices } from '../machine/slices.ts';
import type { Interest } from '../process/folder.ts';
import { type Exclusions, type Pattern, pathBelow } from './glob.ts';

export interface FoundFile {
  readonly path: string;
  readonly stat: FileStat;
}

/** Something a pattern leads to that cannot be read. */
export interface Problem {
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** Default: that of the code. */
  readonly hint?: string | undefined;
  /** The user named this very path (or the fixed folder of a pattern); others were only met on the way. */
  readonly named: boolean;
}

export interface Findings {
  /** By path, each once. */
  readonly files: Map<string, FoundFile>;
  /** Folders in which a file can appear. */
  readonly folders: Set<string>;
  readonly problems: Problem[];
  /** How many paths match and are left out. */
  excluded: number;
}

export interface FinderParts {
  readonly disk: Disk;
  readonly slices: Slices;
  readonly patterns: readonly Pattern[];
  readonly exclusions: Exclusions;
}

/** Finds the files that patterns match. */
export class Finder {
  readonly #parts: FinderParts;

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  matches(path: string): boolean {
    return this.#parts.patterns.some((pattern) => pattern.matches(path)) && !this.#parts.exclusions.has(path);
  }

  /**
   * Walks everything.
   * @param known says of a regular file whether there is nothing new about it: it is left out
   */
  async all(known: (path: string) => boolean = () => false): Promise<Findings> {
    const { patterns, exclusions } = this.#parts;
    const findings = newFindings();
    for (const pattern of patterns) {
      if (pattern.literal) {
        findings.folders.add(dirname(pattern.base));
        if (exclusions.has(pattern.base)) findings.excluded++;
        else if (!known(pattern.base)) this.one(pattern.base, findings, true);
      } else await this.#walk(pattern, pattern.base, findings, known);
    }
    return findings;
  }

  /** Which files directly in a folder match: where no wildcard leads there, they have names. */
  interest(folder: string): Interest {
    const { patterns, exclusions } = this.#parts;
    if (patterns.some((pattern) => pattern.mayHold(folder))) return { matches: (path) => this.matches(path) };
    const paths = patterns.filter(({ literal, base }) => literal && dirname(base) === folder);
    return { paths: paths.map(({ base }) => base).filter((path) => !exclusions.has(path)) };
  }

  /** What matches directly in one folder. */
  async folder(folder: string): Promise<Findings> {
    const findings = newFindings();
    const interest = this.interest(folder);
    if ('paths' in interest) {
      for (const path of interest.paths) this.one(path, findings, false);
      return findings;
    }
    for (const { name } of await this.#parts.disk.list(folder).catch(() => [])) {
      const path = join(folder, name);
      if (!this.matches(path)) continue;
      this.one(path, findings, false);
      await this.#parts.slices.next();
    }
    return findings;
  }

  /** One path that is known to match. */
  one(path: string, findings: Findings, named: boolean): void {
    if (findings.files.has(path)) return;
    try {
      const stat = this.#parts.disk.stat(path);
      if (!stat) return;
      if (stat.kind === 'file') findings.files.set(path, { path, stat });
      else if (named || stat.kind !== 'folder') {
        const what = stat.kind === 'folder' ? 'is a folder' : 'is not a regular file';
        findings.problems.push({ path, code: 'LC_INPUT_NOT_A_FILE', message: `${path} ${what}`, named });
      }
    } catch (error) {
      findings.problems.push(unreadable(path, error, true));
    }
  }

  /** Why what a pattern matches is not found: a folder on the way there that is not gone into. */
  whyNotFound(pattern: Pattern, path: string): string | undefined {
    if (pattern.literal) return undefined;
    const { disk } = this.#parts;
    let folder = pattern.base;
    const names = dirname(pathBelow(folder, path)!).split('/');
    for (const name of ['.', ...names]) {
      const parent = folder;
      folder = join(parent, name);
      const linked = folder !== parent && disk.realPath(folder) !== join(disk.realPath(parent), name);
      if (linked && !pattern.followsLink(folder)) return `${folder} is a link, and \`**\` does not go through links`;
    }
    return undefined;
  }

  async #walk(pattern: Pattern, folder: string, findings: Findings, known: (path: string) => boolean): Promise<void> {
    const { disk, exclusions } = this.#parts;
    if (!pattern.mayHold(folder) || exclusions.has(folder)) return;
    const named = folder === pattern.base;
    // The folder may come later; one that a wildcard leads to is found again when it does.
    if (named) findings.folders.add(folder);
    const entries = await disk.list(folder).catch((error: unknown) => {
      if (!isMissing(error)) findings.problems.push(unreadable(folder, error, named));
    });
    if (!entries) return;
    findings.folders.add(folder);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.kind === 'file' && known(path)) await this.#parts.slices.next();
      else if (this.#leadsOn(pattern, path, entry)) await this.#walk(pattern, path, findings, known);
      else if (pattern.matches(path)) {
        if (exclusions.has(path)) findings.excluded++;
        else this.one(path, findings, false);
        await this.#parts.slices.next();
      }
    }
  }

  #leadsOn(pattern: Pattern, path: string, { kind }: Entry): boolean {
    if (kind !== 'link') return kind === 'folder';
    const stat = pattern.followsLink(path) && statOf(this.#parts.disk, path);
    return typeof stat === 'object' && stat.kind === 'folder';
  }
}

/** What to do about failures that have nothing to do with permissions. */
const hints: Readonly<Record<string, string>> = {
  EMFILE:
    'Raise how many files this process may open (`ulimit -n`, LimitNOFILE=), or set max_open_files; it is tried again.',
  ENFILE: 'Raise how many files this machine may open (fs.file-max); it is tried again.',
  EIO: 'Check the disk or the server that it is on; it is tried again.',
};

export function unreadable(path: string, error: unknown, named: boolean): Problem {
  const { code } = error as NodeJS.ErrnoException;
  const message = `${path} cannot be read: ${code ?? messageOf(error)}`;
  return { path, code: 'LC_INPUT_UNREADABLE', message, hint: code && hints[code], named };
}

export function newFindings(): Findings {
  return { files: new Map(), folders: new Set(), problems: [], excluded: 0 };
}
