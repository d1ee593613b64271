import { type ConfigDocument, type ConfigFormat, type LoadedConfig, LogcatchError } from '@logcatch/plugin-api';
import type { IKeyValue, IRangeResponse } from 'etcd3';
import { fingerprint, newestRevision } from './link.ts';
import type { Scope } from './scope.ts';

export interface Place {
  readonly scope: Scope;
  readonly format: ConfigFormat;
  /** The endpoint that answered. */
  readonly url: string;
}

/** What a range holds, for the engine. @throws LC_SOURCE_ABSENT, LC_SOURCE_BAD */
export function contentOf(response: IRangeResponse, { scope, format, url }: Place): LoadedConfig {
  const { kvs, header } = response;
  const [first] = kvs;
  if (first === undefined) {
    const what = scope.prefix === '' ? 'is not there' : 'has no keys';
    throw new LogcatchError(
      'LC_SOURCE_ABSENT',
      `etcd ${scope.name} ${what} (${url}, store revision ${header.revision})`,
    );
  }
  if (scope.prefix === '') return { document: document(first, format), revision: first.mod_revision };
  const { length } = Buffer.from(scope.prefix);
  return {
    // Not by assignment: a name may be `__proto__`.
    documents: Object.fromEntries(kvs.map((kv) => [text(kv.key.subarray(length), kv), document(kv, format)])),
    label: `etcd ${scope.name}, ${kvs.length} ${kvs.length === 1 ? 'key' : 'keys'}, revision ${newestRevision(kvs)}`,
    // With the number of keys: the revisions of those that are left do not tell of one that was deleted.
    revision: fingerprint(response),
  };
}

function document(kv: IKeyValue, format: ConfigFormat): ConfigDocument {
  return { text: text(kv.value, kv), format, label: labelOf(kv) };
}

function labelOf({ key, mod_revision }: IKeyValue): string {
  return `etcd key ${key}, revision ${mod_revision}`;
}

function text(bytes: Buffer, kv: IKeyValue): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new LogcatchError('LC_SOURCE_BAD', `${labelOf(kv)}: it is not UTF-8`);
  }
}
