import { hash } from 'node:crypto';
import type { SourceMeta, StoredSource } from '@logcatch/plugin-api';

/** Bytes at the beginning of a file that its fingerprint covers; a shorter file has a shorter one, which grows with it. */
export const headBytes = 1024;

/** What is known of a file that was found. */
export interface FileFacts {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  /** Nanoseconds; `null` where the file system keeps no birth times. */
  readonly birth: bigint | null;
  readonly size: number;
  /** When its content was last changed: milliseconds since 1970. */
  readonly modified: number;
  /** Its first bytes, at most {@link headBytes}. */
  readonly head: Uint8Array;
}

/**
 * What a file found has to do with a stored source: go on with it (`same`, `renamed`), or begin a new source because the
 * content was overwritten in place (`truncated`), because it is another file in its place (`replaced`), or because nothing
 * stored concerns it (`new`).
 */
export type Identity =
  | {
      readonly verdict: 'same' | 'renamed' | 'truncated' | 'replaced';
      readonly row: StoredSource;
      readonly reason: string;
    }
  | { readonly verdict: 'new'; readonly reason: string };

/** Device and inode: tells files apart for as long as one is open. */
export function fileKey({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

export function fingerprint(head: Uint8Array): string {
  return hash('sha256', head, 'hex').slice(0, 32);
}

/** What is stored with a position to recognise the file after a restart. */
export function metaOf({ dev, ino, birth, head }: FileFacts): SourceMeta {
  return {
    dev: String(dev),
    ino: String(ino),
    birth: birth === null ? null : String(birth),
    head: fingerprint(head),
    head_bytes: head.length,
  };
}

/** Whether the beginning of a file is what was stored. Nothing stored (the file was empty): unknown. */
export function headMatches(head: Uint8Array, meta: SourceMeta): boolean | undefined {
  const length = Number(meta.head_bytes ?? 0);
  if (length === 0) return undefined;
  return head.length >= length && fingerprint(head.subarray(0, length)) === meta.head;
}

/**
 * Decides which stored source a file is. Inode numbers are used again, device numbers change with a reboot, heads are
 * shared by files that begin with the same banner, and paths move on: so each only breaks the others' ties, and where
 * doubt is left the file is read from its beginning. That repeats lines; the other mistake would lose them.
 */
export function identify(file: FileFacts, rows: readonly StoredSource[]): Identity {
  let best: Identity = { verdict: 'new', reason: 'nothing stored has its inode or path' };
  for (const row of rows) {
    const identity = compare(file, row);
    // Of several rows with one inode (an end that was not stored) the newest tells most.
    if (rank(identity) > rank(best) || (rank(identity) === rank(best) && newer(identity, best))) best = identity;
  }
  return best;
}

function compare(file: FileFacts, row: StoredSource): Identity {
  const { meta, position } = row;
  const sameInode = meta.ino === String(file.ino);
  const sameDevice = meta.dev === String(file.dev);
  const samePath = row.path === file.path;
  const head = headMatches(file.head, meta);
  const born = meta.birth == null || file.birth === null ? undefined : meta.birth === String(file.birth);

  if (!sameInode || !(sameDevice || (samePath && head))) {
    if (!samePath) return { verdict: 'new', reason: 'nothing stored has its inode or path' };
    return { verdict: 'replaced', row, reason: 'its path has another inode now' };
  }
  if (born === false) return { verdict: 'replaced', row, reason: 'the inode was used again: born at another time' };
  if (head === false) {
    if (born || file.size < position) return { verdict: 'truncated', row, reason: 'it begins with other bytes now' };
    return { verdict: 'replaced', row, reason: 'the inode was used again: it begins with other bytes' };
  }
  if (file.size < position) return { verdict: 'truncated', row, reason: `it is shorter than position ${position}` };
  const evidence = sameDevice ? 'inode' : 'path and inode, on a device that was renumbered';
  const reason = `same ${evidence}${head ? ' and first bytes' : ''}`;
  return { verdict: samePath ? 'same' : 'renamed', row, reason };
}

function rank({ verdict }: Identity): number {
  return ['new', 'replaced', 'truncated', 'renamed', 'same'].indexOf(verdict);
}

function newer(identity: Identity, than: Identity): boolean {
  return identity.verdict !== 'new' && than.verdict !== 'new' && identity.row.key > than.row.key;
}
