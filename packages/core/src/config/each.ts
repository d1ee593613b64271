import { createHash } from 'node:crypto';
import type { Origin } from '@logcatch/plugin-api';
import { keyedSource, type NameSource, treeSource } from './names.ts';
import type { KeyPath, Problems } from './problem.ts';
import { type ConfigValue, type JsonValue, reportKind } from './value.ts';
import { quote } from './wording.ts';

/** One entry of an `each`: it makes one component. */
export interface EachEntry {
  /** Its index in the list, or its key in the map. */
  readonly label: number | string;
  readonly origin: Origin;
  /** What `${each}` names in the component. */
  readonly each: NameSource;
}

/**
 * The entries of a resolved `each`, or `undefined` (and a report) if it is neither list nor map. A text from a
 * source that knows no types (env, ini) is a list with commas; an empty one has no entries.
 */
export function entriesOf(value: ConfigValue, path: KeyPath, problems: Problems): EachEntry[] | undefined {
  if (value.kind === 'list') {
    return value.items.map((item, label) => ({ label, origin: item.origin, each: treeSource(item) }));
  }
  if (value.kind === 'scalar' && value.coercible && typeof value.scalar === 'string') {
    const items = value.scalar.split(',').map((item) => item.trim());
    return items
      .filter((item) => item !== '')
      .map((scalar, label) => ({ label, origin: value.origin, each: treeSource({ ...value, scalar }) }));
  }
  if (value.kind === 'map') {
    return [...value.entries].map(([label, { keyOrigin, value: item }]) => ({
      label,
      origin: keyOrigin,
      each: keyedSource(label, keyOrigin, item),
    }));
  }
  reportKind(value, path, 'a list or a map', problems);
  return undefined;
}

/** An entry and the id it was given. */
export interface Identified {
  readonly label: number | string;
  readonly origin: Origin;
  readonly id: string;
}

/** Reports every two entries with one id, naming both. */
export function reportDuplicates(entries: readonly Identified[], path: KeyPath, problems: Problems): void {
  const first = new Map<string, Identified>();
  for (const entry of entries) {
    const before = first.get(entry.id);
    if (before === undefined) {
      first.set(entry.id, entry);
      continue;
    }
    const { file, line, column } = before.origin;
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    problems.add({
      code: 'LC_CONFIG_DUPLICATE_ID',
      path,
      origin: entry.origin,
      message: `entries ${named(before.label)} (${place}) and ${named(entry.label)} both have the id ${quote(entry.id)}`,
    });
  }
}

function named(label: number | string): string {
  return typeof label === 'number' ? `[${label}]` : quote(label);
}

/** What is wrong with the id of an entry of `each`, if anything: it may be a path or a sentence, but must be fit to be shown. */
export function entryIdFault(id: string): string | undefined {
  if (id.trim() === '') return 'it is empty';
  if (id.length > 200) return 'it has more than 200 characters';
  return /[\p{Cc}\p{Cs}]/u.test(id) ? 'it holds control characters' : undefined;
}

/**
 * Eight hex digits that tell entries apart by those of their options that an entry says something of. What is the same for all
 * of them does not count, so that a change of it keeps every id, and with it the positions; nor do attributes, which are no
 * options.
 */
export function hashOf(resolved: JsonValue, keys: readonly string[]): string {
  const own = Object.entries(resolved ?? {}).filter(([key]) => keys.includes(key));
  return createHash('sha256')
    .update(canonical(Object.fromEntries(own)))
    .digest('hex')
    .slice(0, 8);
}

/** JSON with sorted keys. */
function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
