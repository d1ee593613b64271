import { basename, dirname } from 'node:path';
import picomatch from 'picomatch';
import { capturesOf, capturing } from './captures.ts';

/** One entry of `paths`: a fixed folder, and below it what its wildcards match. Compiled once, asked for each file. */
export class Pattern {
  /** As the user wrote it. */
  readonly text: string;
  /** Absolute: the folder above the first wildcard, or the path itself where there is none. */
  readonly base: string;
  /** It names one path, without wildcards. */
  readonly literal: boolean;
  readonly #matches: (relativePath: string) => boolean;
  /** Gives parts of a path names. */
  readonly #captures: RegExp | undefined;
  /** A segment may begin with a dot: `.x`, `{.x,y}`. */
  readonly #wantsHidden: boolean;
  /** A matcher per level below base; `undefined` is `**`. No list where a `{a/b,c}` makes levels uncertain. */
  readonly #levels: readonly (((name: string) => boolean) | undefined)[] | undefined;

  /** @param resolve makes the fixed part absolute; wildcards in the pipeline file's own folder name are thus harmless */
  constructor(text: string, resolve: (path: string) => string) {
    const captures = capturesOf(text);
    const { base, glob, isGlob } = picomatch.scan(captures.text, { nonegate: true, noparen: true });
    this.text = text;
    this.literal = !isGlob;
    this.base = resolve(unescaped(base) || (text.startsWith('/') ? '/' : '.'));
    this.#captures =
      captures.names.length > 0
        ? capturing(text.slice(captures.text.length - glob.length), (each) =>
            picomatch.makeRe(each, { nonegate: true }),
          )
        : undefined;
    this.#matches = this.literal
      ? (path) => path === ''
      : this.#captures
        ? (path) => this.#captures!.test(path)
        : matcher(glob);
    const segments = this.literal ? [] : glob.split('/');
    this.#levels = segments.every(balanced)
      ? segments.map((segment) => (segment === '**' ? undefined : matcher(segment)))
      : undefined;
    this.#wantsHidden = segments.some((segment) => /^(\\?\.|[@+*?!]?\(|[[{])/.test(segment));
  }

  /** Whether the pattern means this absolute path. */
  matches(path: string): boolean {
    const below = pathBelow(this.base, path);
    return below !== undefined && this.#matches(below);
  }

  /** The parts of a path that the pattern names; `undefined` where it names none or does not match. */
  capturesOf(path: string): Readonly<Record<string, string>> | undefined {
    const below = this.#captures && pathBelow(this.base, path);
    return below === undefined ? undefined : this.#captures?.exec(below)?.groups;
  }

  /** Whether a match can be somewhere in this absolute folder: others are not walked. */
  mayHold(folder: string): boolean {
    const below = pathBelow(this.base, folder);
    if (below === undefined || this.literal) return false;
    const names = below === '' ? [] : below.split('/');
    if (!this.#levels) return true;
    for (const [level, name] of names.entries()) {
      if (level >= this.#levels.length) return false;
      const matches = this.#levels[level];
      if (!matches) return this.#wantsHidden || !names.slice(level).some((hidden) => hidden.startsWith('.'));
      if (!matches(name)) return false;
    }
    return names.length < this.#levels.length;
  }

  /** Whether a folder that is a symbolic link is walked. `**` does not go through links: they can form loops. */
  followsLink(folder: string): boolean {
    const level = pathBelow(this.base, folder)?.split('/').length ?? 0;
    const anyFolders = this.#levels?.indexOf(undefined) ?? 0;
    return anyFolders < 0 || level <= anyFolders;
  }
}

/** What `exclude` leaves out: files, and folders with all they hold. */
export class Exclusions {
  readonly #patterns: readonly ((path: string) => boolean)[];
  /** Files of one folder are asked for together. */
  #last: { readonly folder: string; readonly by: string | undefined } | undefined;

  constructor(texts: readonly string[], resolve: (path: string) => string) {
    this.#patterns = texts.map((text) => {
      if (!text.includes('/')) {
        const matches = matcher(text, true);
        const own = resolve('.');
        // The folder that relative paths begin in, and those it lies in, have names that nobody chose for logs.
        return (path) => matches(basename(path)) && pathBelow(path, own) === undefined;
      }
      const { base, glob, isGlob } = picomatch.scan(text, { nonegate: true, noparen: true });
      const fixed = resolve(unescaped(base) || (text.startsWith('/') ? '/' : '.'));
      const matches = isGlob ? matcher(glob, true) : () => true;
      const whole = !isGlob || glob === '**';
      return (path) => {
        const below = pathBelow(fixed, path);
        return below === '' ? whole : below !== undefined && matches(below);
      };
    });
  }

  has(path: string): boolean {
    return this.by(path) !== undefined;
  }

  /** What of a path is left out: itself, or a folder on the way to it. */
  by(path: string): string | undefined {
    if (this.#patterns.some((excludes) => excludes(path))) return path;
    const folder = dirname(path);
    if (folder === path) return undefined;
    if (this.#last?.folder !== folder) this.#last = { folder, by: this.by(folder) };
    return this.#last.by;
  }
}

/** The path relative to a folder, both absolute and without `.` and `..`: empty for the folder itself, `undefined` where it is not below it. */
export function pathBelow(folder: string, path: string): string | undefined {
  if (path === folder) return '';
  const prefix = folder.endsWith('/') ? folder : `${folder}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
}

function matcher(glob: string, dot = false): (path: string) => boolean {
  return picomatch(glob, { nonegate: true, dot });
}

function unescaped(path: string): string {
  return path.replace(/\\(.)/g, '$1');
}

/** False where a slash stood inside a group, so that the segments are not levels of folders. */
function balanced(segment: string): boolean {
  let depth = 0;
  for (const character of segment) {
    if ('{('.includes(character)) depth++;
    else if ('})'.includes(character) && --depth < 0) return false;
  }
  return depth === 0;
}
