import type { OpenRequest, SourceEnd, StoredSource } from '@logcatch/plugin-api';
import type { OpenFile } from './file.ts';
import { readMeta, readPart } from './identity.ts';

/** What is to become of a file, or of a stored source: one of them is opened with all others in one commit. */
export interface Wanted {
  /** Where it was found first: that is the path that its records show. */
  readonly origin?: string;
  readonly request: OpenRequest;
  readonly file?: OpenFile;
  /** It has no path of its own any more. */
  readonly lost?: boolean;
  /** How the source ends at once. */
  readonly end?: SourceEnd;
}

/** A stored source goes on with a file. What was stored of it and cannot be seen stays so. */
export function goneOn({ meta, ...file }: OpenFile, row: StoredSource): Wanted {
  const known = { ...meta, ...readPart(row.meta) };
  const request = { key: row.key, path: file.facts.path, meta: known };
  return { file: { ...file, meta: known }, origin: row.path, request };
}

/** A new source, from its beginning on. */
export function begun(file: OpenFile, path = file.facts.path): Wanted {
  return { file, request: { path, position: 0, meta: file.meta } };
}

/** A new source, of which what is before a position is passed over. */
export function begunAt({ meta, ...file }: OpenFile, position: number): Wanted {
  const { path, before } = file.facts;
  const known = { ...meta, ...readMeta(position, before.get(position)!) };
  return { file: { ...file, meta: known }, request: { path, position, meta: known } };
}

export function ended(row: StoredSource, end: SourceEnd): Wanted {
  return { request: { key: row.key, path: row.path, meta: row.meta }, end };
}
