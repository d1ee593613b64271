/** How lines are found in encoded text. */
export interface Letters {
  /** Bytes of a line end, and of every character at least. */
  readonly width: 1 | 2;
  /** Bytes of the longest character. */
  readonly most: number;
  /** Index of the next LF, -1 where there is none. @param at where a character begins */
  lineEnd(bytes: Buffer, at: number): number;
  isLf(bytes: Buffer, at: number): boolean;
  isCr(bytes: Buffer, at: number): boolean;
  /** The last place up to `to` at which a text that begins at `at` can be cut between two characters. */
  cut(bytes: Buffer, at: number, to: number): number;
}

export interface Encoding extends Letters {
  /** Bytes that one byte becomes in UTF-8, at most. */
  readonly growth: number;
  /** What is not of this encoding becomes U+FFFD. A byte order mark in front is left out. */
  text(bytes: Buffer, start: number, end: number): string;
}

export const encodingNames = ['utf-8', 'utf-16le', 'utf-16be', 'gbk', 'gb18030', 'shift_jis', 'latin1'] as const;
export type EncodingName = (typeof encodingNames)[number];

/** Bytes of the longest character of all encodings. */
export const longestCharacter = 4;

const LF = 10;
const CR = 13;
const lineFeed = Buffer.from([LF]);

/** Bytes are shipped as they are, and cut anywhere. */
export const bytewise: Encoding = {
  width: 1,
  most: 1,
  growth: 1,
  lineEnd: (bytes, at) => bytes.indexOf(LF, at),
  isLf: (bytes, at) => bytes[at] === LF,
  isCr: (bytes, at) => bytes[at] === CR,
  cut: (_bytes, _at, to) => to,
  text: (bytes, start, end) => bytes.toString('utf8', start, end),
};

/** @param beginning the first two bytes of the file, as a number: a byte order mark there says more than the name */
export function encodingOf(name: Exclude<EncodingName, 'utf-8'>, beginning: number): Encoding {
  if (name === 'utf-16le' || name === 'utf-16be') {
    if (beginning === 0xfffe) return encodings['utf-16le'];
    if (beginning === 0xfeff) return encodings['utf-16be'];
  }
  return encodings[name];
}

/** LF and CR are the bytes they are in ASCII, and no part of another character, even where that is broken off. */
function multibyte(name: string, lengthAt: (bytes: Buffer, at: number) => number): Encoding {
  const decoder = new TextDecoder(name);
  return {
    ...bytewise,
    most: longestCharacter,
    growth: 3,
    cut(bytes, at, to) {
      let place = at;
      for (let next = place; next <= to; next += lengthAt(bytes, next)) place = next;
      return place;
    },
    text(bytes, start, end) {
      const own = bytes.subarray(start, end);
      const text = decoder.decode(own);
      // Of a character that is broken off, what can be one of its own is lost at an end, and not before a line end.
      return text.endsWith('\ufffd') ? decoder.decode(Buffer.concat([own, lineFeed])).slice(0, -1) : text;
    },
  };
}

function utf16(endian: 'le' | 'be'): Encoding {
  const decoder = new TextDecoder(`utf-16${endian}`);
  const [high, low] = endian === 'le' ? [1, 0] : [0, 1];
  const is = (letter: number) => (bytes: Buffer, at: number) => bytes[at + low] === letter && bytes[at + high] === 0;
  const isLf = is(LF);
  const lineEnd = Buffer.from([0, 0]).fill(LF, low, low + 1);
  return {
    width: 2,
    most: longestCharacter,
    growth: 1.5,
    lineEnd(bytes, at) {
      let found = bytes.indexOf(lineEnd, at);
      // Of the halves of two characters.
      while (found >= 0 && (found - at) % 2 !== 0) found = bytes.indexOf(lineEnd, found + 1);
      return found;
    },
    isLf,
    isCr: is(CR),
    cut(bytes, at, to) {
      const place = to - ((to - at) % 2);
      const afterLead = (bytes[place - 2 + high]! & 0xfc) === 0xd8;
      return afterLead ? place - 2 : place;
    },
    text: (bytes, start, end) => decoder.decode(bytes.subarray(start, end)),
  };
}

function lengthInGb(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x81 || lead === 0xff) return 1;
  const next = bytes[at + 1]!;
  if (next >= 0x30 && next <= 0x39) return 4;
  return next >= 0x40 && next !== 0x7f && next !== 0xff ? 2 : 1;
}

function lengthInShiftJis(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  const isLead = (lead >= 0x81 && lead <= 0x9f) || (lead >= 0xe0 && lead <= 0xfc);
  return isLead && bytes[at + 1]! >= 0x40 ? 2 : 1;
}

const encodings: Readonly<Record<Exclude<EncodingName, 'utf-8'>, Encoding>> = {
  'utf-16le': utf16('le'),
  'utf-16be': utf16('be'),
  gbk: multibyte('gbk', lengthInGb),
  gb18030: multibyte('gb18030', lengthInGb),
  shift_jis: multibyte('shift_jis', lengthInShiftJis),
  // ISO 8859-1, where TextDecoder takes this name for Windows-1252.
  latin1: { ...bytewise, growth: 2, text: (bytes, start, end) => bytes.toString('latin1', start, end) },
};
