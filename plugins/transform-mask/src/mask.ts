import { isUtf8 } from 'node:buffer';
import { type Batch, TextColumn, type Transform } from '@logcatch/plugin-api';
import { type KindName, kinds } from './kinds.ts';

export interface OwnPattern {
  readonly pattern: RegExp;
  /** `$1` and `$<name>` stand for what its groups found. */
  readonly replacement: string;
}

export interface MaskOptions {
  readonly kinds: readonly KindName[];
  readonly patterns: readonly OwnPattern[];
  readonly replacement: string;
  readonly attributes: readonly string[];
}

/** Replaces what must not leave the machine. Bytes of records in which nothing is found are not touched. */
export class Mask implements Transform {
  readonly #options: MaskOptions;
  readonly #kinds: readonly (typeof kinds)[KindName][];
  /** Finds what may be one of the kinds. */
  readonly #hint: RegExp;

  constructor(options: MaskOptions) {
    this.#options = options;
    this.#kinds = [...new Set(options.kinds)].map((name) => kinds[name]);
    this.#hint = new RegExp(this.#kinds.map(({ hint }) => hint).join('|') || '(?!)', 'g');
  }

  apply(batch: Batch): Batch {
    const hinted = this.#hinted(batch);
    const { patterns } = this.#options;
    const masked =
      hinted.size === 0 && patterns.length === 0
        ? batch
        : batch.mapRanges((buffer, start, end, index) => {
            if (patterns.length === 0 && !hinted.has(index)) return undefined;
            return this.#maskedBytes(buffer.subarray(start, end), hinted.has(index));
          });
    return this.#withAttributes(masked);
  }

  /**
   * Indices of records that may hold one of the kinds. One search runs through the whole buffer: it may find something that
   * begins in one record and ends in another, but misses nothing, since it goes on where that record ends.
   */
  #hinted({ buffer, starts, ends, count }: Batch): Set<number> {
    const found = new Set<number>();
    if (count === 0 || this.#kinds.length === 0) return found;
    let [first, last] = [starts[0]!, ends[0]!];
    for (let i = 1; i < count; i++) {
      // Their order was changed: one by one, then.
      if (starts[i]! < last) return new Set(starts.subarray(0, count).keys());
      last = ends[i]!;
    }
    const text = buffer.toString('latin1', first, last);
    const hint = this.#hint;
    hint.lastIndex = 0;
    let index = 0;
    for (let match = hint.exec(text); match; match = hint.exec(text)) {
      const at = first + match.index;
      while (ends[index]! <= at) index++;
      const inside = at >= starts[index]!;
      if (inside) found.add(index);
      hint.lastIndex = (inside ? ends[index]! : starts[index]!) - first;
    }
    return found;
  }

  /** Nothing, where it stays as it is. */
  #maskedBytes(bytes: Buffer, hinted: boolean): Buffer | undefined {
    // What is no UTF-8 keeps its bytes as characters, and comes back unchanged.
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
    const text = bytes.toString(encoding);
    const masked = this.#masked(text, hinted, (replacement) => Buffer.from(replacement).toString(encoding));
    return masked === text ? undefined : Buffer.from(masked, encoding);
  }

  /** @param spelled how a replacement is written in this text */
  #masked(text: string, hinted: boolean, spelled = (replacement: string) => replacement): string {
    const { patterns, replacement } = this.#options;
    let masked = text;
    if (hinted) for (const kind of this.#kinds) masked = kind.mask(masked, spelled(replacement));
    for (const own of patterns) masked = masked.replace(own.pattern, spelled(own.replacement));
    return masked;
  }

  #withAttributes(batch: Batch): Batch {
    const { attributes } = this.#options;
    if (attributes.length === 0) return batch;
    return batch.withColumns(
      attributes.flatMap((name) => {
        const values: (string | undefined)[] = [];
        let changed = false;
        for (let i = 0; i < batch.count; i++) {
          const value = batch.attribute(name, i);
          const masked = value === undefined ? undefined : this.#masked(value, true);
          changed ||= masked !== value;
          values.push(masked);
        }
        return changed ? [[name, new TextColumn(values)] as const] : [];
      }),
    );
  }
}
