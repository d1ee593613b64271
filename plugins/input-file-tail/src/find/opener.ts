import { type Ends, type OpenedFile, type OpenFile, openFile } from '../identity/file.ts';
import { fileKey } from '../identity/identity.ts';
import type { InputParts } from '../parts.ts';
import { type FoundFile, unreadable } from './finder.ts';
import { OwnFiles } from './own-files.ts';
import type { Roots } from './roots.ts';

/** Files that one input wants to open at once. */
const openings = 4;

/** Opens files that were found, where that is allowed and possible. */
export class Opener {
  readonly #parts: InputParts;
  readonly #roots: Roots;
  readonly #ownFiles: OwnFiles;

  constructor(parts: InputParts, roots: Roots) {
    this.#parts = parts;
    this.#roots = roots;
    this.#ownFiles = new OwnFiles(parts.process.disk, parts.ctx.dataDir);
  }

  /** Opens what is there and readable and not yet open, each file once however many paths lead to it. */
  async open(found: readonly FoundFile[], ends: Ends, signal: AbortSignal): Promise<OpenFile[]> {
    const { ctx, tails, process } = this.#parts;
    const byPath = found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const groups = Map.groupBy(byPath, ({ stat }) => fileKey(stat));
    const opened = new Map<string, OpenFile | undefined>([...groups.keys()].map((key) => [key, undefined]));
    const waiting = groups.values();
    const worker = async () => {
      for (const group of waiting) {
        // A thousand inputs that start together would have a thousand files open before any is counted.
        const file = await process.reads.use('live', () => this.#openFirst(group, ends, signal));
        if (!file) continue;
        // It may have become another file since it was found.
        const key = fileKey(file.facts);
        if (opened.get(key) || tails.ofFile(key)) await file.handle.close();
        else opened.set(key, await this.keep(file, opened.size));
      }
    };
    await Promise.all(Array.from({ length: openings }, worker));
    const files = [...opened.values()].filter((file) => file !== undefined);
    if (signal.aborted) await Promise.all(files.map(({ handle }) => handle?.close()));
    signal.throwIfAborted();
    ctx.log.debug(`opened ${files.length} of ${found.length} files found`);
    return files;
  }

  /** Of many files not all handles are kept. */
  async keep(file: OpenedFile, many: number): Promise<OpenFile> {
    const { handles } = this.#parts.process;
    if (handles.size + many <= handles.most) return file;
    await file.handle.close();
    return { ...file, handle: undefined };
  }

  /** Opens the file under the first of its paths that works. */
  async #openFirst(group: readonly FoundFile[], ends: Ends, signal: AbortSignal): Promise<OpenedFile | undefined> {
    for (const { path, stat } of group) {
      if (signal.aborted) return undefined;
      const file = this.#mayRead(path, stat) ? await this.tryToOpen(path, ends) : undefined;
      if (file) return file;
    }
    return undefined;
  }

  #mayRead(path: string, stat: FoundFile['stat']): boolean {
    const own = this.#ownFiles.describe(path, stat);
    if (own) this.#parts.troubles.warnOnce(path, 'LC_INPUT_OWN_FILES', `${path} is ${own} and is not read`);
    return !own;
  }

  /** `undefined`: it is not there, or may not or cannot be read, which is said. */
  async tryToOpen(path: string, ends: Ends): Promise<OpenedFile | undefined> {
    const { troubles, process } = this.#parts;
    try {
      const file = await openFile(process.disk, path, ends);
      const outside = await this.#roots.outside(file);
      if (outside !== undefined) {
        await file.handle.close();
        troubles.set(path, 'LC_INPUT_OUTSIDE_ROOTS', `${path} leads to ${outside}, outside of roots, and is not read`);
        return undefined;
      }
      troubles.clear(path);
      return file;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone since it was found: not there is no trouble.
      if (code === 'ENOENT') return undefined;
      if (code === 'EMFILE' || code === 'ENFILE') process.handles.exhausted();
      const { code: kind, message, hint } = unreadable(path, error, true);
      troubles.set(path, kind, message, hint);
      return undefined;
    }
  }
}
