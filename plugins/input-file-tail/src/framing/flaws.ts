import type { Options } from '../options.ts';
import type { Flaw } from './framer.ts';

interface FlawText {
  /** For the first one of a file. */
  readonly one: string;
  /** For their number, which follows. */
  readonly all: string;
}

/** What people are told. */
export function flawTexts({ max_line_bytes, multiline, encoding, format }: Options): Readonly<Record<Flaw, FlawText>> {
  return {
    split: {
      one: `a line is longer than max_line_bytes (${max_line_bytes}) and is split`,
      all: 'records cut off lines that are too long',
    },
    limited: {
      one: `a record is longer than max_lines (${multiline?.max_lines}) or max_bytes (${multiline?.max_bytes}) of multiline: its rest is a record of its own`,
      all: 'records ended by max_lines or max_bytes of multiline',
    },
    replaced: {
      one: `bytes that are not ${encoding} become U+FFFD: is the encoding right?`,
      all: `characters that are not ${encoding} and became U+FFFD`,
    },
    unparsed: {
      one: `a line is not what format: ${format} writes, and is shipped as it is`,
      all: `lines that are not what format: ${format} writes, shipped as they are`,
    },
  };
}

/** Where a file was truncated while a record of it was held. */
export function heldAdvice({ multiline }: Pick<Options, 'multiline'>): string {
  if (!multiline) return 'The parts of a line were held until its rest would come.';
  const seconds = multiline.timeout / 1_000;
  return `A record of \`multiline\` was held, as more could belong to it: with a \`timeout\` shorter than ${seconds} s it is sent sooner.`;
}
