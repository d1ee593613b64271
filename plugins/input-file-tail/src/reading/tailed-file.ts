import { dirname } from 'node:path';
import type { SourceMeta } from '@logcatch/plugin-api';
import { lookAt, type OpenedFile, type OpenFile, openFile, readHead } from '../identity/file.ts';
import { fileKey, fingerprint, headBytes, headMatches, readMeta } from '../identity/identity.ts';
import { type Disk, type Extent, type FileStat, type Handle, statOf } from '../machine/disk.ts';
import type { HandleTable, Holder } from '../process/handle-table.ts';

export interface FilePlace {
  readonly disk: Disk;
  readonly handles: HandleTable;
  /** Who gives the handle up when others need it more. */
  readonly holder: Holder;
}

/**
 * A file that is tailed. It goes by its handle, so renames do not concern it; without one (parked) it goes by its path, and by
 * the inode there.
 */
export class TailedFile {
  readonly key: string;
  /** It is parked, and its path does not lead to it. */
  missing = false;
  /** It does not hold any more what it held when it was recognised. */
  differs = false;
  closed = false;
  /** Uses of the handle in flight. */
  inUse = 0;
  readonly #place: FilePlace;
  #path: string;
  #folder: string;
  #realPath: string;
  #handle: Handle | undefined;
  #meta: SourceMeta;
  #released = Promise.resolve();
  #opening: Promise<Handle> | undefined;

  constructor({ facts, handle, meta }: OpenFile, place: FilePlace) {
    this.key = fileKey(facts);
    this.#place = place;
    this.#path = facts.path;
    this.#folder = dirname(facts.path);
    this.#realPath = place.disk.realPath(facts.path);
    this.#handle = handle;
    this.#meta = meta;
    if (handle) place.handles.hold(place.holder);
  }

  get path(): string {
    return this.#path;
  }

  get folder(): string {
    return this.#folder;
  }

  get linked(): boolean {
    return this.#realPath !== this.#path;
  }

  /** Where the file itself lay when it was found at its path, which can be a link. */
  get realFolder(): string {
    return dirname(this.#realPath);
  }

  /** What is known of it. */
  get meta(): SourceMeta {
    return this.#meta;
  }

  get parked(): boolean {
    return this.#handle === undefined;
  }

  /** Whether it has no name left at all, as far as is known. */
  get deleted(): boolean {
    return this.#handle ? this.#handle.deleted() : this.missing;
  }

  moveTo(path: string): void {
    this.#path = path;
    this.#folder = dirname(path);
    this.#realPath = this.#place.disk.realPath(path);
    this.missing = false;
  }

  /** `undefined`: it is parked, and not at its path. */
  extent(): Extent | undefined {
    if (this.#handle) return this.#handle.extent();
    const stat = this.atPath();
    if (stat) this.#checkBirth(stat);
    return stat;
  }

  atPath(): FileStat | undefined {
    const stat = this.#place.disk.stat(this.#path);
    return stat && fileKey(stat) === this.key ? stat : undefined;
  }

  /** Another file is at its path now, or none. Where that cannot be told: no. */
  get displaced(): boolean {
    const stat = statOf(this.#place.disk, this.#path);
    return stat !== 'unknown' && (stat === undefined || fileKey(stat) !== this.key);
  }

  /** Whether an opened file is this one: without a handle, the inode number can have been given to another. */
  recognises({ facts }: OpenFile, position: number): boolean {
    const { birth } = this.#meta;
    if (fileKey(facts) !== this.key) return false;
    if (birth != null && facts.birth !== null) return birth === String(facts.birth);
    return facts.size >= position && headMatches(facts.head, this.#meta) !== false;
  }

  /** It holds other content from now on. */
  renew(meta: SourceMeta): void {
    this.#meta = meta;
    this.differs = false;
  }

  /** @param head its beginning, where it was read already */
  async checkHead(handle: Handle, head: Uint8Array | undefined): Promise<void> {
    const meta = this.#meta;
    const bytes = head ?? (await readHead(handle));
    // Meanwhile it can have been seen to hold other content.
    if (this.#meta === meta && headMatches(bytes, meta) === false) this.differs = true;
  }

  /** The fingerprint of a short file grows with it. @returns what is known of the file now, if that is more */
  async grow(handle: Handle, head: Buffer | undefined, size: number): Promise<SourceMeta | undefined> {
    const before = this.#meta;
    const known = Number(before.head_bytes ?? 0);
    if (known >= headBytes || size <= known) return undefined;
    const bytes = head ?? (await readHead(handle));
    await this.checkHead(handle, bytes);
    if (this.differs || this.#meta !== before) return undefined;
    // Right after a file was made, its birth time cannot be told from its change time.
    const birth = before.birth ?? handle.stat().birth?.toString() ?? null;
    this.#meta = { ...before, birth, head: fingerprint(bytes), head_bytes: bytes.length };
    return this.#meta;
  }

  /** It was read up to here. @param last the bytes before. @returns what is known of the file now */
  readTo(end: number, last: Uint8Array): SourceMeta {
    this.#meta = { ...this.#meta, ...readMeta(end, last) };
    return this.#meta;
  }

  /** The file as it is now. */
  look(): Promise<OpenedFile> {
    return this.use((handle) => lookAt(this.#path, handle));
  }

  /** Opens it if it is parked; until the work is done it is not. */
  async use<T>(work: (handle: Handle) => Promise<T>): Promise<T> {
    this.inUse++;
    try {
      return await work(await this.#opened());
    } finally {
      this.inUse--;
    }
  }

  /** Lets go of the handle; the next use opens the file again. Resolves when all that it ever had are closed. */
  async release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#place.handles.drop(this.#place.holder);
    const closed = handle?.close();
    this.#released = this.#released.then(() => closed);
    await this.#released;
  }

  /** For good. */
  async close(): Promise<void> {
    this.closed = true;
    await this.release();
  }

  #checkBirth({ birth }: Pick<FileStat, 'birth'>): void {
    if (birth !== null && this.#meta.birth != null && this.#meta.birth !== String(birth)) this.differs = true;
  }

  async #opened(): Promise<Handle> {
    this.#place.handles.hold(this.#place.holder);
    if (this.#handle) return this.#handle;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<Handle> {
    const { handles, disk, holder } = this.#place;
    try {
      const file = await openFile(disk, this.#path);
      const same = fileKey(file.facts) === this.key;
      if (same) this.#checkBirth(file.facts);
      if (same) await this.checkHead(file.handle, file.facts.head);
      if (same && !this.closed) {
        this.#handle = file.handle;
        return file.handle;
      }
      await file.handle.close();
    } catch (error) {
      handles.drop(holder);
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EMFILE' || code === 'ENFILE') handles.exhausted();
      if (code !== 'ENOENT') throw error;
    }
    handles.drop(holder);
    this.missing = true;
    throw new MissingFile(this.#path);
  }
}

/** Its path does not lead to the file any more. It may have been renamed while it was parked. */
export class MissingFile extends Error {
  constructor(path: string) {
    super(`${path} is another file now, or none`);
  }
}
