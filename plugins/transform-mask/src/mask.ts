import { isUtf8 } from 'node:buffer';
import { type Batch, TextColumn, type Transform } from '@logcatch/plugin-api';
import { type KindName, kinds, type Rule } from './kinds.ts';

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

/** A bit for each rule that may find something in a record. */
type Hints = Uint8Array;
const all = 0xff;

/** Replaces what must not leave the machine. Bytes of records in which nothing is found are not touched. */
export class Mask implements Transform {
  readonly #options: MaskOptions;
  readonly #rules: readonly Rule[];

  constructor(options: MaskOptions) {
    this.#options = options;
    this.#rules = [...new Set(options.kinds)].flatMap((name): readonly Rule[] => kinds[name]);
  }

  apply(batch: Batch): Batch {
    const hints = this.#hintsOf(batch);
    const always = this.#options.patterns.length > 0;
    const masked = batch.mapRanges((buffer, start, end, index) => {
      const own = hints[index]!;
      return own !== 0 || always ? this.#maskedBytes(buffer.subarray(start, end), own) : undefined;
    });
    return this.#withAttributes(masked);
  }

  #hintsOf({ buffer, starts, ends, count }: Batch): Hints {
    const hints = new Uint8Array(count);
    if (count === 0 || this.#rules.length === 0) return hints;
    for (let i = 1; i < count; i++) {
      // Their order was changed: each is looked at by itself, then.
      if (starts[i]! < ends[i - 1]!) return hints.fill(all);
    }
    const first = starts[0]!;
    const text = buffer.toString('latin1', first, ends[count - 1]!);
    for (const [rule, { hint }] of this.#rules.entries()) {
      let index = 0;
      // It may find what begins in one record and ends in another, but misses nothing: it goes on where that record ends.
      hint.lastIndex = 0;
      for (let match = hint.exec(text); match; match = hint.exec(text)) {
        const at = first + match.index;
        while (ends[index]! <= at) index++;
        const inside = at >= starts[index]!;
        if (inside) hints[index]! |= 1 << rule;
        hint.lastIndex = (inside ? ends[index]! : starts[index]!) - first;
      }
    }
    return hints;
  }

  /** Nothing, where it stays as it is. */
  #maskedBytes(bytes: Buffer, hints: number): Buffer | undefined {
    // What is no UTF-8 keeps its bytes as characters, and comes back unchanged.
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
    const text = bytes.toString(encoding);
    const masked = this.#masked(text, hints, (replacement) => Buffer.from(replacement).toString(encoding));
    return masked === text ? undefined : Buffer.from(masked, encoding);
  }

  /** @param spelled how a replacement is written in this text */
  #masked(text: string, hints: number, spelled = (replacement: string) => replacement): string {
    const { patterns, replacement } = this.#options;
    let masked = text;
    for (const [rule, { mask }] of this.#rules.entries()) {
      if (hints & (1 << rule)) masked = mask(masked, spelled(replacement));
    }
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
          const masked = value === undefined ? undefined : this.#masked(value, all);
          changed ||= masked !== value;
          values.push(masked);
        }
        return changed ? [[name, new TextColumn(values)] as const] : [];
      }),
    );
  }
}
