import { type Batch, LogcatchError, Missing, type Refused, type Template } from '@logcatch/plugin-api';

/** Bytes of one name in a path, less room for what rotation adds to it. */
const longestName = 220;
/** Bytes of a path. */
const longestPath = 4_000;

/** Records of a batch that go to one file. */
export interface Route {
  /** Absolute. */
  readonly path: string;
  /** Indices in the batch; `null`: all of its records. */
  readonly indices: readonly number[] | null;
}

export interface Routes {
  readonly files: readonly Route[];
  readonly refused: readonly Refused[];
}

/** The part of a template that no record can change: up to the last slash before its first attribute. */
export function folderOf({ prefix }: Template): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1);
}

/** Why a part of a path may lead elsewhere, or nowhere. */
export function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'an empty part';
  if (segment === '.' || segment === '..') return `a part ${JSON.stringify(segment)}`;
  if (segment.includes('\0')) return 'a zero byte';
  return Buffer.byteLength(segment) > longestName ? `a name of more than ${longestName} bytes` : undefined;
}

/** Which file each record goes to: always one below one folder, whatever its attributes say. */
export class Paths {
  /** Absolute. */
  readonly folder: string;
  readonly #template: Template;
  readonly #fixed: number;

  constructor(template: Template, resolve: (path: string) => string) {
    const fixed = folderOf(template);
    this.folder = resolve(fixed || '.');
    this.#template = template;
    this.#fixed = fixed.length;
  }

  /** It is one file, whatever the records. */
  get single(): boolean {
    return this.#template.names.length === 0;
  }

  /** No work per record where nothing varies. */
  route(batch: Batch): Routes {
    const template = this.#template;
    if (batch.count === 0) return { files: [], refused: [] };
    if (template.constant(batch)) {
      const path = this.#pathOf(template.valueOf(batch));
      if (typeof path === 'string') return { files: [{ path, indices: null }], refused: [] };
      return { files: [], refused: Array.from({ length: batch.count }, (_, index) => ({ index, reason: path })) };
    }
    const known = new Map<string, string | LogcatchError>();
    const groups = new Map<string, number[]>();
    const refused: Refused[] = [];
    for (let index = 0; index < batch.count; index++) {
      const value = template.value(batch, index);
      const key = value instanceof Missing ? '' : value;
      const path = known.get(key) ?? this.#pathOf(value);
      known.set(key, path);
      if (typeof path !== 'string') refused.push({ index, reason: path });
      else {
        const indices = groups.get(path);
        if (indices) indices.push(index);
        else groups.set(path, [index]);
      }
    }
    return { files: [...groups].map(([path, indices]) => ({ path, indices })), refused };
  }

  #pathOf(value: string | Missing): string | LogcatchError {
    if (value instanceof Missing) {
      const message = `path "${this.#template.text}" has no value: the record has no attribute "${value.attribute}"`;
      return new LogcatchError('LC_RECORD_NO_VALUE', message);
    }
    const below = value.slice(this.#fixed);
    const path = `${this.folder === '/' ? '' : this.folder}/${below}`;
    const long = Buffer.byteLength(path) > longestPath ? `more than ${longestPath} bytes` : undefined;
    const fault = long ?? below.split('/').map(segmentFault).find(Boolean);
    if (fault === undefined) return path;
    const shown = value.length > 100 ? `${value.slice(0, 100)}...` : value;
    return new LogcatchError(
      'LC_RECORD_REFUSED',
      `${JSON.stringify(shown)} is no path below ${this.folder}: it has ${fault}`,
      {
        hint: 'Attributes fill in names below that folder. Look at where the attribute comes from, or set another one.',
      },
    );
  }
}
