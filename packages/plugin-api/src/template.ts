import type { Batch } from './batch.ts';
import type { Attributes } from './source.ts';

type Part = string | { readonly name: string; readonly fallback: string | undefined };

/**
 * Text with `{{ attribute:-default }}` in it. Costs nothing per record where it only uses what a whole source has in
 * common: ask {@link constant} first.
 */
export class Template {
  readonly text: string;
  readonly #parts: readonly Part[];
  readonly #rendered = new WeakMap<Attributes, string | Missing>();

  private constructor(text: string, parts: readonly Part[]) {
    this.text = text;
    this.#parts = parts;
  }

  /** @throws Error that says what is wrong with the text */
  static parse(text: string): Template {
    const parts: Part[] = [];
    let literal = '';
    let position = 0;
    while (position < text.length) {
      const open = text.indexOf('{{', position);
      if (open < 0) break;
      literal += text.slice(position, open);
      if (text.startsWith('{{{{', open)) {
        literal += '{{';
        position = open + 4;
        continue;
      }
      const close = text.indexOf('}}', open);
      if (close < 0) throw new Error(`"{{" without "}}" in ${JSON.stringify(text)}; write "{{{{" for a literal "{{"`);
      const [, name, fallback] = /^\s*([\w.-]+?)\s*(?::-(.*))?$/s.exec(text.slice(open + 2, close)) ?? [];
      if (!name) throw new Error(`"${text.slice(open, close + 2)}" names no attribute`);
      if (literal) parts.push(literal);
      literal = '';
      parts.push({ name, fallback: fallback?.trim() });
      position = close + 2;
    }
    literal += text.slice(position);
    if (literal) parts.push(literal);
    return new Template(text, parts);
  }

  /** The attributes it uses. */
  get names(): string[] {
    return this.#parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
  }

  /** Those of them that every record has to have: they have no default. */
  get needed(): string[] {
    return this.#parts.flatMap((part) => (typeof part === 'string' || part.fallback ? [] : [part.name]));
  }

  /** A value with this text in place of each attribute. */
  filledWith(text: string): string {
    return this.#parts.map((part) => (typeof part === 'string' ? part : text)).join('');
  }

  /** What every value begins with: the text before the first attribute. */
  get prefix(): string {
    const [first] = this.#parts;
    return typeof first === 'string' ? first : '';
  }

  /** Whether one value holds for every record of the batch. */
  constant(batch: Batch): boolean {
    return !this.#parts.some((part) => typeof part !== 'string' && batch.varies(part.name));
  }

  /** The value for every record of a batch for which it is {@link constant}, or what is missing. Cached per source. */
  valueOf(batch: Batch): string | Missing {
    const known = this.#rendered.get(batch.attributes);
    if (known !== undefined) return known;
    const value = this.value(batch, 0);
    this.#rendered.set(batch.attributes, value);
    return value;
  }

  /** The value for one record, or what is missing: such a record is refused, never sent to a place called `undefined`. */
  value(batch: Pick<Batch, 'attribute'>, index: number): string | Missing {
    let text = '';
    for (const part of this.#parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const value = batch.attribute(part.name, index) || part.fallback;
      if (value === undefined || value === '') return new Missing(part.name);
      text += value;
    }
    return text;
  }
}

/** A template had no value for this attribute. */
export class Missing {
  readonly attribute: string;

  constructor(attribute: string) {
    this.attribute = attribute;
  }
}
