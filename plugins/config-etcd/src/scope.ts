import { Range } from 'etcd3';

/** The keys that a source is about: one, or all under a prefix. */
export interface Scope {
  /** For people: `key /x`, `prefix /x/`. */
  readonly name: string;
  /** Empty where the scope is one key. */
  readonly prefix: string;
  /** As etcd's requests take it. */
  readonly range: { readonly key: Buffer; readonly range_end?: Buffer };
}

export function scopeOf({ key, prefix }: { key?: string | undefined; prefix?: string | undefined }): Scope {
  if (prefix !== undefined) {
    const { start, end } = Range.prefix(prefix);
    return { name: `prefix ${prefix}`, prefix, range: { key: start, range_end: end } };
  }
  if (key === undefined) throw new Error('neither a key nor a prefix');
  return { name: `key ${key}`, prefix: '', range: { key: Buffer.from(key) } };
}
