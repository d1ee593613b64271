import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlainChunk } from '../fixtures/plain-chunk.ts';
import { afterHole, frame, type LineOptions } from './lines.ts';

const defaults: LineOptions = { stripCr: true, maxLineBytes: 1000, maxRecords: 65_536 };

/** Frames the text from a position as a tail does: the byte before it is looked at, nothing else is remembered. */
function framed(text: string, { position = 0, last = false, framing = defaults, size = text.length } = {}) {
  const chunk = new PlainChunk(size + 1);
  const behind = position > 0 ? 1 : 0;
  const base = position - behind;
  const to = chunk.bytes.write(text.slice(base, position + size), 'latin1');
  const inside = behind === 1 && chunk.bytes[0] !== 10;
  const { count, end, flaws, more } = frame(chunk, { from: behind, to, inside, last }, framing);
  const records: [number, string][] = [];
  for (let i = 0; i < count; i++) {
    records.push([base + chunk.starts[i]!, chunk.bytes.toString('latin1', chunk.starts[i], chunk.ends[i])]);
  }
  return { records, end: base + end, split: flaws.split ?? 0, more };
}

const texts = (result: ReturnType<typeof framed>) => result.records.map(([, text]) => text);

describe('lines', () => {
  test('end at LF, and one CR belongs to the end', () => {
    expect(texts(framed('a\nb\r\n\n\r\nc\r\r\nd\re\n'))).toEqual(['a', 'b', '', '', 'c\r', 'd\re']);
  });

  test('keep their CR without strip_cr', () => {
    expect(texts(framed('a\r\n\r\n', { framing: { ...defaults, stripCr: false } }))).toEqual(['a\r', '\r']);
  });

  test('wait for their end', () => expect(framed('a\nbc')).toMatchObject({ records: [[0, 'a']], end: 2 }));

  test('without end are records at the very end', () => {
    expect(framed('a\nbc', { last: true })).toMatchObject({
      records: [
        [0, 'a'],
        [2, 'bc'],
      ],
      end: 4,
    });
    expect(framed('a\r', { last: true })).toMatchObject({ records: [[0, 'a\r']], end: 2 });
  });

  test('are at most so many in a batch', () => {
    const framing = { ...defaults, maxRecords: 2 };
    expect(framed('a\nb\nc\n', { framing })).toMatchObject({
      records: [
        [0, 'a'],
        [2, 'b'],
      ],
      end: 4,
      more: true,
    });
  });
});

describe('a line shipped without its end', () => {
  test.each([
    ['abc\n', [], 4],
    ['abc\r\n', [], 5],
    ['abc\ndef\n', ['def'], 8],
    ['abc\r\ndef\n', ['def'], 9],
    ['abcdef\n', ['def'], 7],
    ['abc\n\n', [''], 5],
    ['abc\rd\n', ['\rd'], 6],
    ['abc\r', [], 3],
  ] as const)('%j makes %j of the rest', (text, records, end) => {
    const result = framed(text, { position: 3 });
    expect(texts(result)).toEqual(records);
    expect(result.end).toBe(end);
  });

  test('waits for the LF behind a final CR even at the end', () => {
    expect(framed('abc\r', { position: 3, last: true })).toMatchObject({ records: [], end: 3 });
  });

  test('keeps a CR without strip_cr', () => {
    const framing = { ...defaults, stripCr: false };
    expect(texts(framed('abc\r\n', { position: 3, framing }))).toEqual(['\r']);
  });
});

describe('a long line', () => {
  const framing = { ...defaults, maxLineBytes: 4 };
  test.each([
    ['abcd\n', ['abcd'], 0],
    ['abcd\r\n', ['abcd'], 0],
    ['abcde\n', ['abcd', 'e'], 1],
    ['abcdefgh\r\nx\n', ['abcd', 'efgh', 'x'], 1],
    ['abcd\rx\n', ['abcd', '\rx'], 1],
    ['abcd\r\r\n', ['abcd', '\r'], 1],
    ['abcdefghi', ['abcd', 'efgh'], 2],
    ['abcd\r', [], 0],
    ['abcd', [], 0],
  ] as const)('%j is split into %j', (text, records, split) => {
    const result = framed(text, { framing });
    expect(texts(result)).toEqual(records);
    expect(result.split).toBe(split);
  });

  test('is split at the end too', () => {
    expect(texts(framed('abcdefghi', { framing, last: true }))).toEqual(['abcd', 'efgh', 'i']);
  });
});

/** All lines the slow way: cut at LF, one CR off, split where too long; a CR after a cut waits for its LF. */
function naive(text: string, { stripCr, maxLineBytes }: LineOptions): [number, string][] {
  const records: [number, string][] = [];
  const lines = text.split('\n');
  let position = 0;
  for (const [i, whole] of lines.entries()) {
    const ended = i < lines.length - 1;
    if (!ended && whole === '') break;
    const line = ended && stripCr && whole.endsWith('\r') ? whole.slice(0, -1) : whole;
    for (let at = 0; at === 0 || at < line.length; at += maxLineBytes) {
      if (!ended && stripCr && at > 0 && line.slice(at) === '\r') break;
      records.push([position + at, line.slice(at, at + maxLineBytes)]);
    }
    position += whole.length + 1;
  }
  return records;
}

test('any bytes, read in pieces of any size, make the same records as reading them at once', () => {
  const alphabet = fc.constantFrom('\n', '\r', '\r\n', 'a', 'bc', '\0', 'ÿ', 'ddddd');
  fc.assert(
    fc.property(
      fc.array(alphabet, { maxLength: 40 }).map((parts) => parts.join('')),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }),
      fc.record({
        stripCr: fc.boolean(),
        maxLineBytes: fc.integer({ min: 1, max: 7 }),
        maxRecords: fc.integer({ min: 1, max: 5 }),
      }),
      (text, sizes, framing) => {
        const records: [number, string][] = [];
        let position = 0;
        let stuck = 0;
        for (let turn = 0; position < text.length && stuck < 6; turn++) {
          // A read that gave nothing is tried again with a longer chunk.
          const size = sizes[turn % sizes.length]! + stuck * 10;
          const last = position + size >= text.length;
          const result = framed(text, { position, size, last, framing });
          for (const record of result.records) records.push(record);
          expect(result.end).toBeGreaterThanOrEqual(position);
          stuck = result.end === position ? stuck + 1 : 0;
          position = result.end;
        }
        expect(records).toEqual(naive(text, framing));
        expect(['', '\r']).toContain(text.slice(position));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a line whose beginning was shipped is finished without a record of its own', () => {
  const word = fc.stringMatching(/^[ab]{1,5}$/);
  fc.assert(
    fc.property(word, fc.constantFrom('\n', '\r\n'), fc.array(word), (shipped, end, rest) => {
      const text = [shipped, end, ...rest.map((line) => `${line}\n`)].join('');
      expect(texts(framed(text, { position: shipped.length }))).toEqual(rest);
    }),
  );
});

describe('a hole', () => {
  const end = (text: string, { size = text.length, from = 0, started = false } = {}) => {
    const bytes = Buffer.alloc(size, 'z');
    return afterHole(bytes, from, bytes.write(text, 'latin1'), started);
  };

  test.each([
    ['ends where text begins', end('\0\0\0\0\0a\0'), 5],
    ['is none in text', end('a\0\0\0\0'), 0],
    ['is none where the zeros may be of one character', end('\0\0\0a'), 0],
    ['goes on from chunk to chunk', end('\0a', { started: true }), 1],
    ['fills a chunk', end('\0\0\0\0\0'), 5],
    ['is not known to be one while nothing follows', end('\0\0\0\0\0', { size: 10 }), 0],
    ['begins where the reading does', end('a\0\0\0\0b', { from: 1 }), 5],
  ])('%s', (_, at, expected) => expect(at).toBe(expected));
});
