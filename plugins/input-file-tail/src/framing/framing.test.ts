import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FramedRecord, framerFor, readAll } from '../fixtures/framed-file.ts';

const numRuns = process.env.SOAK ? 50_000 : 300;
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
const grows = fc.array(fc.nat(400), { maxLength: 6 });
const maxRecords = fc.integer({ min: 1, max: 4 });
const chunked = fc.record({ sizes, grows, maxRecords });

/** However it is read, the records are those of the whole content at once, from any place at which a batch ended too. */
function sameAtOnce(content: Buffer, given: object, how: { sizes: number[]; grows: number[]; maxRecords: number }) {
  const seen = how.grows.map((size) => Math.min(size, content.length));
  const whole = readAll(content, framerFor(given));
  const parts = readAll(content, framerFor(given, how.maxRecords), { sizes: how.sizes, grows: seen });
  expect(parts.records).toEqual(whole.records);
  for (const position of parts.batchEnds.slice(0, -1)) {
    const rest = readAll(content, framerFor(given), { position, sizes: how.sizes });
    expect(rest.records).toEqual(whole.records.filter(({ offset }) => offset >= position));
  }
  return whole;
}

const texts = (records: readonly FramedRecord[]) => records.map(({ text }) => text);

describe('multiline', () => {
  const trace = 'one\n at a\n at b\ntwo\nthree\n\tat c\n';
  test.each([
    ['start', { start: '^\\S' }, trace, ['one\n at a\n at b', 'two', 'three\n\tat c']],
    ['continue', { continue: '^\\s' }, trace, ['one\n at a\n at b', 'two', 'three\n\tat c']],
    ['end', { end: ';$' }, 'a\nb;\nc;\nd\n', ['a\nb;', 'c;', 'd']],
    ['CR LF', { continue: '^\\s' }, 'a\r\n b\r\nc\r\n', ['a\r\n b', 'c']],
    ['a first line that goes on', { start: '^\\S' }, ' at a\n at b\none\n', [' at a\n at b', 'one']],
    ['max_lines', { continue: '^ ', max_lines: 2 }, 'a\n b\n c\n d\ne\n', ['a\n b', ' c\n d', 'e']],
    ['max_bytes', { continue: '^ ', max_bytes: 6 }, 'a\n b\n c\nd\n', ['a\n b', ' c', 'd']],
    ['a last line without end', { continue: '^ ' }, 'a\n b', ['a\n b']],
    ['letters of UTF-8', { start: '^é\\s' }, 'é a\nb\né c\n', ['é a\nb', 'é c']],
  ])('by %s', (_, multiline, text, expected) => {
    expect(texts(readAll(Buffer.from(text), framerFor({ multiline })).records)).toEqual(expected);
  });

  test('what is held waits, and is complete when nothing was added to it', () => {
    const framer = framerFor({ multiline: { continue: '^ ' } });
    const content = Buffer.from('a\n b\nc\n d\npart');
    expect(readAll(content, framer, { quiet: true })).toMatchObject({
      records: [
        { offset: 0, text: 'a\n b' },
        { offset: 5, text: 'c\n d' },
      ],
      position: 10,
    });
  });

  test('a record that is cut off by a limit is counted', () => {
    const { flaws } = readAll(
      Buffer.from('a\n b\n c\n d\ne\n'),
      framerFor({ multiline: { continue: '^ ', max_lines: 2 } }),
    );
    expect(flaws).toEqual({ limited: 1 });
  });

  test('parts of a line that is too long are records of their own', () => {
    const given = { multiline: { continue: '^ ' }, max_line_bytes: 4 };
    expect(texts(readAll(Buffer.from('a\n b\n long line\n c\n d\n'), framerFor(given)).records)).toEqual([
      'a\n b',
      ' lon',
      'g li',
      'ne',
      ' c\n d',
    ]);
  });

  /** The slow way. Lines that are too long are left out: those are split by what has a model of its own. */
  function naive(text: string, rule: object, { max_lines, max_bytes }: { max_lines: number; max_bytes: number }) {
    const [[kind, pattern]] = Object.entries(rule) as [[string, string]];
    const records: { offset: number; end: number; lines: string[]; over: boolean }[] = [];
    let offset = 0;
    for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      const plain = line.replace(/\r?\n$/, '');
      const matches = new RegExp(pattern).test(plain);
      const held = records.at(-1);
      const end = offset + line.length;
      const begins = (kind === 'start' && matches) || (kind === 'continue' && !matches);
      const full = held && (held.lines.length === max_lines || end - held.offset > max_bytes);
      if (!held || held.over || begins || full) records.push({ offset, end, lines: [line], over: false });
      else held.lines.push(line);
      records.at(-1)!.over = kind === 'end' && matches;
      offset = end;
    }
    return records.map(({ offset, lines }) => ({ offset, text: lines.join('').replace(/\r?\n$/, '') }));
  }

  test('in pieces of any size, records are those of the whole content, and each byte is in one of them', () => {
    const line = fc.constantFrom(
      'a\n',
      ' b\n',
      '\n',
      '\r\n',
      ' c\r\n',
      ';\n',
      'dd dd;\n',
      '  \n',
      '\r\r\n',
      ' long and longer\n',
    );
    const rule = fc.constantFrom({ start: '^\\S' }, { continue: '^\\s' }, { end: ';$' });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }).map((lines) => lines.join('')),
        fc.constantFrom('', 'x', ' x'),
        rule,
        fc.record({ max_lines: fc.integer({ min: 2, max: 4 }), max_bytes: fc.integer({ min: 1, max: 40 }) }),
        chunked,
        (text, tail, rule, limits, how) => {
          const content = Buffer.from(text + tail);
          const { records, position } = sameAtOnce(content, { multiline: { ...rule, ...limits } }, how);
          expect(records).toEqual(naive(text + tail, rule, limits));
          expect(position).toBe(content.length);
        },
      ),
      { numRuns },
    );
  });
});

describe('an encoding', () => {
  const encoded = {
    gbk: [[0xd6, 0xd0], [0xb4, 0xed], [0x81, 0x40], [0x80]],
    gb18030: [
      [0xd6, 0xd0],
      [0x81, 0x30, 0x84, 0x36],
      [0x95, 0x32, 0x82, 0x36],
    ],
    shift_jis: [[0x83, 0x65], [0xb1], [0x95, 0x5c], [0x81, 0x7c]],
    latin1: [[0xe9], [0x80], [0xff]],
    'utf-16le': [
      [0x2d, 0x4e],
      [0x0a, 0x4e],
      [0x3d, 0xd8, 0x00, 0xde],
      [0x00, 0x0a],
      [0x61, 0x0d],
    ],
    'utf-16be': [
      [0x4e, 0x2d],
      [0x4e, 0x0a],
      [0xd8, 0x3d, 0xde, 0x00],
      [0x0a, 0x00],
      [0x00, 0x0a, 0x0a, 0x00],
    ],
  } as const;
  const broken = {
    gbk: [0x81],
    gb18030: [0x81, 0x30],
    shift_jis: [0x81],
    latin1: [0x7f],
    'utf-16le': [0, 0xdc],
    'utf-16be': [0xdc, 0],
  };
  type Name = keyof typeof encoded;
  const names = Object.keys(encoded) as Name[];
  const ascii = (name: Name, text: string) => {
    const bytes = Buffer.from(text, name.startsWith('utf-16') ? 'utf16le' : 'latin1');
    return name === 'utf-16be' ? bytes.swap16() : bytes;
  };
  const decoded = (name: Name, bytes: Uint8Array) =>
    name === 'latin1' ? Buffer.from(bytes).toString('latin1') : new TextDecoder(name).decode(bytes);

  test.each(names)('%s becomes UTF-8, at its own offsets', (encoding) => {
    const line = Buffer.concat([ascii(encoding, 'a '), Buffer.from(encoded[encoding][0])]);
    const content = Buffer.concat([line, ascii(encoding, '\r\n'), line, ascii(encoding, '\n')]);
    const text = decoded(encoding, line);
    const second = line.length + ascii(encoding, '\r\n').length;
    expect(readAll(content, framerFor({ encoding })).records).toEqual([
      { offset: 0, text },
      { offset: second, text },
    ]);
    expect(text.length).toBe(3);
  });

  test.each([
    ['utf-16le', 'fffe61000a00'],
    ['utf-16le', 'feff0061000a'],
    ['utf-16be', 'fffe61000a00'],
    ['utf-16be', 'feff0061000a'],
  ])('%s: the byte order mark %s decides', (encoding, hex) => {
    expect(readAll(Buffer.from(hex, 'hex'), framerFor({ encoding })).records).toEqual([{ offset: 0, text: 'a' }]);
  });

  test('half a character at the end of a file is no text', () => {
    const { records, flaws } = readAll(Buffer.from('610062', 'hex'), framerFor({ encoding: 'utf-16le' }));
    expect(texts(records)).toEqual(['a\ufffd']);
    expect(flaws).toEqual({ replaced: 1 });
  });

  test('patterns see decoded text', () => {
    const content = Buffer.from('错误\n细节\n错误\n', 'utf16le');
    const given = { encoding: 'utf-16le', multiline: { start: '^错误' } };
    expect(texts(readAll(content, framerFor(given)).records)).toEqual(['错误\n细节', '错误']);
  });

  test('in pieces of any size, records are those of the whole content', () => {
    const piece = fc.constantFrom('valid', 'broken', '\n', '\n', '\r\n', '\r', 'ab', ' ');
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(fc.tuple(piece, fc.nat(4)), { maxLength: 40 }),
        fc.boolean(),
        chunked,
        (encoding, parts, joined, how) => {
          const content = Buffer.concat(
            parts.map(([kind, at]) => {
              if (kind === 'broken') return Buffer.from(broken[encoding]);
              if (kind !== 'valid') return ascii(encoding, kind);
              return Buffer.from(encoded[encoding][at % encoded[encoding].length]!);
            }),
          );
          const given = { encoding, ...(joined && { multiline: { continue: '^ ' } }) };
          const { records, position } = sameAtOnce(content, given, how);
          expect(position).toBe(content.length);
          const text = decoded(encoding, Buffer.concat([content, ascii(encoding, '\n')])).replace(/(\r?\n)?\n$/, '');
          const line = joined ? /\r?\n(?! )/ : /\r?\n/;
          expect(texts(records)).toEqual(content.length === 0 ? [] : text.split(line));
        },
      ),
      { numRuns },
    );
  });

  test('a line that is too long is cut between characters', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(fc.nat(8), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 4, max: 9 }),
        chunked,
        (encoding, parts, max_line_bytes, how) => {
          const valid = encoded[encoding].filter((bytes) => !decoded(encoding, Buffer.from(bytes)).includes('\n'));
          const bytes = parts.map((at) => Buffer.from(valid[at] ?? ascii(encoding, 'x')));
          const content = Buffer.concat([...bytes, ascii(encoding, '\n')]);
          const { records, flaws } = sameAtOnce(content, { encoding, max_line_bytes }, how);
          expect(texts(records).join('')).toBe(decoded(encoding, content).slice(0, -1));
          expect(flaws.replaced).toBe(undefined);
        },
      ),
      { numRuns },
    );
  });
});

interface Written {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly partial: boolean;
  readonly time: string;
}

/** As the runtimes write them. */
const runtimes = {
  cri: ({ time, stream, partial, text }: Written) => `${time} ${stream} ${partial ? 'P' : 'F'} ${text}\n`,
  docker: ({ time, stream, partial, text }: Written) =>
    `${JSON.stringify({ log: partial ? text : `${text}\n`, stream, time })}\n`,
};
const time = '2026-11-22T10:00:00.5Z';
const line = (text: string, more: Partial<Written> = {}): Written => ({
  text,
  stream: 'stdout',
  partial: false,
  time,
  ...more,
});

/** Records the slow way, where none reaches a limit. */
function joined(lines: readonly (Written | string)[], rule?: { readonly continue?: string }): string[] {
  const records: { text: string; open: boolean; partial: boolean; stream?: string }[] = [];
  for (const line of lines) {
    if (typeof line === 'string') {
      records.push({ text: line, open: false, partial: false });
      continue;
    }
    const { stream, partial, text } = line;
    const held = records.findLast((record) => record.stream === stream);
    if (held?.open && !held.partial && !(rule && new RegExp(rule.continue!).test(text))) held.open = false;
    if (held?.open) Object.assign(held, { text: held.text + (held.partial ? '' : '\n') + text, partial });
    else records.push({ text, open: true, partial, stream });
  }
  return records.map(({ text }) => text);
}

describe.each(['docker', 'cri'] as const)('the format %s', (format) => {
  const contentOf = (lines: readonly Written[]) => Buffer.from(lines.map(runtimes[format]).join(''));
  const read = (lines: readonly Written[], given = {}) => readAll(contentOf(lines), framerFor({ format, ...given }));

  test('the text of the program becomes the record, stream and time its attributes', () => {
    const second = runtimes[format](line('one')).length;
    expect(read([line('one'), line('', { stream: 'stderr', time: '2026-11-22T10:00:01Z' })]).records).toEqual([
      { offset: 0, text: 'one', stream: 'stdout', time },
      { offset: second, text: '', stream: 'stderr', time: '2026-11-22T10:00:01Z' },
    ]);
  });

  test('parts are put together, for each stream on its own', () => {
    const lines = [
      line('a', { partial: true }),
      line('x', { stream: 'stderr', partial: true }),
      line('b', { partial: true }),
      line('y', { stream: 'stderr' }),
      line('c'),
    ];
    expect(texts(read(lines).records)).toEqual(['abc', 'xy']);
  });

  test('lines of several lines are put together after that', () => {
    const lines = [
      line('err "1"\t\\'),
      line(' at a', { partial: true }),
      line('out', { stream: 'stderr' }),
      line('b'),
      line(' at c'),
      line('next'),
    ];
    const { records } = read(lines, { multiline: { continue: '^ ' } });
    expect(texts(records)).toEqual(['err "1"\t\\\n at ab\n at c', 'out', 'next']);
  });

  test('what is not of the format is shipped as it is, and counted', () => {
    const content = Buffer.concat([
      contentOf([line('a')]),
      Buffer.from('\nno such line\n{"log":"x"}\n'),
      contentOf([line('b')]),
    ]);
    const { records, flaws } = readAll(content, framerFor({ format }));
    expect(texts(records)).toEqual(['a', '', 'no such line', '{"log":"x"}', 'b']);
    expect(flaws).toEqual({ unparsed: 3 });
  });

  test('a line in more parts than max_line_bytes allows is split', () => {
    const parts = Array.from({ length: 10 }, () => line('12345', { partial: true }));
    const { records, flaws } = read([...parts, line('end')], { max_line_bytes: 300 });
    expect(texts(records).join('')).toBe(`${'12345'.repeat(10)}end`);
    expect(flaws.split).toBe(records.length - 1);
  });

  test('mixed streams in pieces of any size make the records of the whole content, each text once and in order', () => {
    const written = fc.record({
      stream: fc.constantFrom('stdout', 'stderr'),
      text: fc.constantFrom('a', ' b', '', '"\\', 'é\n', ' \t\u2028', 'long and longer', 'n\\n', 'r\\'),
      partial: fc.boolean(),
      time: fc.constantFrom(time, '2026-11-22T10:00:00Z'),
    }) as fc.Arbitrary<Written>;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(written, fc.constantFrom('', 'strange')), { maxLength: 20 }),
        fc.constantFrom<{ multiline?: { continue?: string; start?: string; max_lines?: number; max_bytes?: number } }>(
          {},
          { multiline: { continue: '^ ' } },
          { multiline: { start: '^[a"]', max_lines: 3, max_bytes: 300 } },
        ),
        chunked,
        (lines, given, how) => {
          // Only Docker escapes a line end, and what ends with one is no part.
          const clean = (one: Written) =>
            format === 'cri' || one.partial ? { ...one, text: one.text.replaceAll('\n', '') } : one;
          const all = lines.map((one) => (typeof one === 'string' ? one : clean(one)));
          const content = Buffer.from(
            all.map((one) => (typeof one === 'string' ? `${one}\n` : runtimes[format](one))).join(''),
          );
          const { records, position } = sameAtOnce(content, { format, ...given }, how);
          expect(position).toBe(content.length);
          if (!('max_lines' in (given.multiline ?? {}))) expect(texts(records)).toEqual(joined(all, given.multiline));
          const plain = (parts: readonly string[]) => parts.join('').replaceAll('\n', '');
          for (const stream of ['stdout', 'stderr', undefined]) {
            const own = records.filter((record) => record.stream === stream);
            const written = all.flatMap((one) => {
              if (typeof one === 'string') return stream === undefined ? [one] : [];
              return one.stream === stream ? [one.text] : [];
            });
            expect(plain(texts(own))).toBe(plain(written));
          }
        },
      ),
      { numRuns },
    );
  });
});
