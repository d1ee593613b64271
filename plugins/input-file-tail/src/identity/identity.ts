import { hash } from 'node:crypto';
import type { SourceMeta, StoredSource } from '@logcatch/plugin-api';
import type { Archive } from '../machine/gzip.ts';

/** Bytes at the beginning of a file that its fingerprint covers; a shorter file has a shorter one, which grows with it. */
export const headBytes = 1024;
/** Bytes before the end of what was read that are remembered with it: more than a line in most logs. */
export const lastBytes = 256;

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
  /** At most {@link lastBytes} before each of the offsets that were asked for. */
  readonly before: ReadonlyMap<number, Uint8Array>;
  /** It is a gzip file: the size, and all bytes here, are of what it holds. */
  readonly archive?: Archive | undefined;
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
  // Not a slice of the text: that would keep all of it.
  return hash('sha256', head, 'buffer').toString('hex', 0, 16);
}

/** What is stored with a position to recognise the file after a restart. */
export function metaOf({ dev, ino, birth, head, archive }: FileFacts): SourceMeta {
  return {
    dev: String(dev),
    ino: String(ino),
    birth: birth === null ? null : String(birth),
    head: fingerprint(head),
    head_bytes: head.length,
    ...(archive && { archive: archive.stamp, length: archive.length }),
    ...(archive?.fault && { fault: archive.fault, rest: archive.rest }),
  };
}

/**
 * What is stored of how far a file was read: that end, and a fingerprint of the bytes before it. It says itself where it
 * belongs, for what was read is mostly ahead of the position that it is stored with.
 */
export function readMeta(end: number, last: Uint8Array): SourceMeta {
  return { read: end, last: fingerprint(last) };
}

/** The part of what is stored that {@link readMeta} has made. */
export function readPart({ read, last }: SourceMeta): SourceMeta {
  return read === undefined || last === undefined ? {} : { read, last };
}

/** Whether the beginning of a file is what was stored. Nothing stored (the file was empty): unknown. */
export function headMatches(head: Uint8Array, meta: SourceMeta): boolean | undefined {
  const length = Number(meta.head_bytes ?? 0);
  if (length === 0) return undefined;
  return head.length >= length && fingerprint(head.subarray(0, length)) === meta.head;
}

/** Whether a file with a stored inode is surely the one that was stored, whatever it holds now: nothing else needs its path. */
export function isStored({ head }: FileFacts, { birth }: SourceMeta, stored: SourceMeta): boolean {
  return stored.birth != null && birth != null ? birth === stored.birth : headMatches(head, stored) === true;
}

/** Whether the last bytes that were read of a file are still there. Nothing stored, or not looked at: unknown. */
export function lastMatches({ before }: FileFacts, { read, last }: SourceMeta): boolean | undefined {
  const bytes = before.get(Number(read));
  return bytes && fingerprint(bytes) === last;
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
  const end = Math.max(position, Number(meta.read ?? 0));
  if (head === false || (file.size >= end && lastMatches(file, meta) === false)) {
    const what = head === false ? 'begins with other bytes' : `holds other bytes before ${meta.read}`;
    if (born || head || file.size < end) return { verdict: 'truncated', row, reason: `it ${what} now` };
    return { verdict: 'replaced', row, reason: `the inode was used again: it ${what}` };
  }
  if (file.size < end) return { verdict: 'truncated', row, reason: `it is shorter than the ${end} bytes it had` };
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
