import type { Chunk } from '@logcatch/plugin-api';
import { type EncodingName, encodingOf } from './encoding.ts';
import type { Framed, Framer, Stretch } from './framer.ts';

/** Framing finds the records in the bytes as they are in the file; their text is then written as UTF-8, all into one chunk. */
export class Encoded implements Framer {
  readonly longest: number;
  readonly timeout: number;
  readonly #inner: Framer;
  readonly #name: Exclude<EncodingName, 'utf-8'>;

  constructor(inner: Framer, name: Exclude<EncodingName, 'utf-8'>) {
    this.#inner = inner;
    this.#name = name;
    this.longest = inner.longest;
    this.timeout = inner.timeout;
  }

  frame(source: Chunk, stretch: Stretch): Framed {
    const encoding = encodingOf(this.#name, stretch.beginning);
    const framed = this.#inner.frame(source, { ...stretch, encoding });
    const { count } = framed;
    if (count === 0) return framed;
    const { bytes, starts, ends } = source;
    let size = 0;
    for (let i = 0; i < count; i++) size += ends[i]! - starts[i]!;
    // One byte more: half a character that a file ends with becomes three.
    const chunk = source.sibling(Math.ceil(size * encoding.growth) + 3);
    chunk.reserve(count);
    const offsets = new Float64Array(count);
    let replaced = 0;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const text = encoding.text(bytes, starts[i]!, ends[i]!);
      replaced += replacements(text);
      offsets[i] = stretch.base + starts[i]!;
      chunk.starts[i] = at;
      at += chunk.bytes.write(text, at);
      chunk.ends[i] = at;
    }
    return { ...framed, chunk, offsets, flaws: replaced > 0 ? { ...framed.flaws, replaced } : framed.flaws };
  }
}

function replacements(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) count++;
  return count;
}
