import type { StoredSource } from '@logcatch/plugin-api';
import type { FileFacts } from './identity.ts';

/** Stored sources by what a file can share with them. */
export class StoredRows {
  readonly #byInode = new Map<string, StoredSource[]>();
  readonly #byPath = new Map<string, StoredSource[]>();
  readonly #left: Set<StoredSource>;

  constructor(rows: readonly StoredSource[]) {
    this.#left = new Set(rows);
    for (const row of rows) {
      add(this.#byInode, String(row.meta.ino), row);
      add(this.#byPath, row.path, row);
    }
  }

  /** Those that no file has taken. */
  get left(): Iterable<StoredSource> {
    return this.#left;
  }

  /** Those that may be this file. */
  candidates(file: Pick<FileFacts, 'ino' | 'path'>): StoredSource[] {
    const rows = [...(this.#byInode.get(String(file.ino)) ?? []), ...(this.#byPath.get(file.path) ?? [])];
    return [...new Set(rows)].filter((row) => this.#left.has(row));
  }

  /** Up to where those were read that may be this file. */
  ends(file: Pick<FileFacts, 'ino' | 'path'>): number[] {
    return this.candidates(file).flatMap(({ meta }) => (meta.read === undefined ? [] : [Number(meta.read)]));
  }

  /** Those whose file had this inode. */
  withInodeOf({ dev, ino }: Pick<FileFacts, 'dev' | 'ino'>): StoredSource[] {
    const rows = this.#byInode.get(String(ino)) ?? [];
    return rows.filter((row) => this.#left.has(row) && row.meta.dev === String(dev));
  }

  take(row: StoredSource): void {
    this.#left.delete(row);
  }
}

function add(map: Map<string, StoredSource[]>, key: string, row: StoredSource): void {
  const rows = map.get(key);
  if (rows) rows.push(row);
  else map.set(key, [row]);
}
