import { LogcatchError, type TextTree } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { parse } from 'ini';
import { describe, expect, test } from 'vitest';
import { parseIni } from './ini.ts';

/** Texts as plain data: maps without a prototype become maps with one. */
function textsOf(text: string): unknown {
  return JSON.parse(JSON.stringify(parseIni(text, 'a.ini').texts));
}

describe('texts', () => {
  test.each<[string, string, unknown]>([
    ['keys before any section', 'a=1\n[s]\nb=2', { a: '1', s: { b: '2' } }],
    ['white space', '  a b  =  c d  \n[ s ]\n\tb=2', { 'a b': 'c d', s: { b: '2' } }],
    ['CRLF, CR, blank lines, no last line end', 'a=1\r\n\r\n[s]\rb=2', { a: '1', s: { b: '2' } }],
    ['comments', '; a\n# b=1\n  ; c\nd=1 ; e\nf=2#g\n[s] ; h\n[t]#i', { d: '1', f: '2', s: {}, t: {} }],
    ['nothing but comments', '; a\n', {}],
    ['; and # in values', 'a=x\\;y\\#z\nb="x;y#z"\nc=\'x;y#z\'', { a: 'x;y#z', b: 'x;y#z', c: 'x;y#z' }],
    ['quotes', 'a=" x "\nb=\' x \'\nc=""\nd="x\\ty"\ne="x', { a: ' x ', b: ' x ', c: '', d: 'x\ty', e: '"x' }],
    ['quotes and a comment', 'a="x;y" ; z\nb=\'x#y\'#z\nc="\\"";z', { a: 'x;y', b: 'x#y', c: '"' }],
    ['quotes that are part of the text', 'a="x" y "z"\nb=it\'s', { a: '"x" y "z"', b: "it's" }],
    ['= in values', 'a=b=c\nd==', { a: 'b=c', d: '=' }],
    ['no types', 'a=true\nb=false\nc=null\nd=5.0\ne=', { a: 'true', b: 'false', c: 'null', d: '5.0', e: '' }],
    ['no JSON', "a='5.0'\nb='null'\nc='{\"x\":1}'\nd='[1]'", { a: '5.0', b: 'null', c: '{"x":1}', d: '[1]' }],
    ['keys in quotes', "\"a\" = 1\n'null' = 2\n'5' = 3", { a: '1', null: '2', '5': '3' }],
    ['flags', 'a\n[s]\nb ; c', { a: 'true', s: { b: 'true' } }],
    ['lists', 'a[]=1\na[]=2\nb[]=3\n[s]\na[]=4', { a: ['1', '2'], b: ['3'], s: { a: ['4'] } }],
    ['lists begun or continued without brackets', 'a=1\na[]=2\nb[]=1\nb=2', { a: ['1', '2'], b: ['1', '2'] }],
    ['the last of keys counts', 'a=1\na=2', { a: '2' }],
    ['sections with dots', '[a.b.c]\nx=1\n[a]\ny=2\n[a.b]\nz=3', { a: { b: { c: { x: '1' }, z: '3' }, y: '2' } }],
    ['names with dots', '[a\\.b.c]\nd.e=1', { 'a.b': { c: { 'd.e': '1' } } }],
    ['sections that come again', '[a]\nx=1\ny=1\n[b]\n[a]\nx=2\nz=3', { a: { x: '2', y: '1', z: '3' }, b: {} }],
    ['no line continuation', 'a=1\\\n[s]', { a: '1\\', s: {} }],
    ['line separators of Unicode', 'a=1\u2028b=2', { a: '1\u2028b=2' }],
  ])('%s', (_, text, expected) => {
    expect(textsOf(text)).toEqual(expected);
  });

  test('names of Object.prototype are names like any other', () => {
    const { texts } = parseIni('__proto__=1\n[constructor]\n__proto__[]=2\n[a.__proto__]\ntoString=3\n', 'a.ini');
    expect(JSON.stringify(texts)).toBe(
      '{"__proto__":"1","constructor":{"__proto__":["2"]},"a":{"__proto__":{"toString":"3"}}}',
    );
    expect(Object.getPrototypeOf(texts)).toBe(null);
    expect(({} as Record<string, unknown>).toString).toBe(Object.prototype.toString);
  });
});

describe('places', () => {
  const text =
    'top = 1\n; x\n[a] ; y\r\n  key=1\n\tlist[] = 1\n list[]=2\n\n[a.b.c]\nkey=2\n [d]\n[a]\nkey=3\n"q" = 4\n';

  test.each<[readonly (string | number)[], number | undefined, number | undefined]>([
    [[], undefined, undefined],
    [['unknown'], undefined, undefined],
    [['top'], 1, 1],
    [['top', 'below'], 1, 1],
    [['a'], 3, 1],
    [['a', 'unknown'], 3, 1],
    [['a', 'key'], 12, 1],
    [['a', 'list'], 5, 2],
    [['a', 'list', 0], 5, 2],
    [['a', 'list', 1], 6, 2],
    [['a', 'list', 2], 5, 2],
    [['a', 'b'], 8, 1],
    [['a', 'b', 'c'], 8, 1],
    [['a', 'b', 'c', 'key'], 9, 1],
    [['d'], 10, 2],
    [['a', 'q'], 13, 1],
  ])('%j', (path, line, column) => {
    const place = line === undefined ? {} : { line, column };
    expect(parseIni(text, 'a.ini').originOf(path)).toEqual({ file: 'a.ini', ...place });
  });
});

describe('what is refused', () => {
  test.each([
    ['[a', '1:1 a section looks like `[name]`, alone on its line'],
    ['a=1\n  [b] c=1', '2:3 a section looks like `[name]`, alone on its line'],
    ['[]', '1:1 the section `[]` has an empty name'],
    ['[a..b]', '1:1 the section `[a..b]` has an empty name'],
    ['=1', '1:1 there is no key before the `=`'],
    ['\n "" = 1', '2:2 there is no key before the `=`'],
    ['address: localhost', '1:1 expected `key = value`'],
    ['two words', '1:1 expected `key = value`'],
    ['a=1\n[a]', '2:1 `a` is already a key, at line 1'],
    ['a=\n[a.b]', '2:1 `a` is already a key, at line 1'],
    ['[a]\nb[]=1\n[a.b.c]', '3:1 `b` is already a key, at line 2'],
    ['[a.b]\n[a]\nb=1', '3:1 `b` is already a section, at line 1'],
    [`a=${'x'.repeat(65_536)}`, '1:1 the line is longer than 65536 characters'],
  ])('%j', (text, expected) => {
    expect(() => parseIni(text, 'a.ini')).toThrow(LogcatchError);
    try {
      parseIni(text, 'a.ini');
    } catch (error) {
      const { code, message, origin } = error as LogcatchError;
      expect(`${code} ${origin?.line}:${origin?.column} ${message}`).toBe(`LC_SOURCE_BAD ${expected}`);
    }
  });
});

/** Every key with its path and value; lists one by one. */
function* leaves(tree: TextTree, path: readonly string[] = []): Generator<[(string | number)[], string]> {
  for (const [key, value] of Object.entries(tree)) {
    const at = [...path, key];
    if (typeof value === 'string') yield [at, value];
    else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield [[...at, index], item];
    else yield* leaves(value as TextTree, at);
  }
}

/** What the package reads, its booleans and nulls as text. Sections without keys are left out. */
function packageLeaves(text: string): string[] {
  const plain = JSON.parse(JSON.stringify(parse(text)), (_, value) =>
    value === null || typeof value === 'boolean' ? String(value) : value,
  );
  return [...leaves(plain)].map((leaf) => JSON.stringify(leaf));
}

describe('agrees with the package', () => {
  const name = fc.constantFrom('a', 'b', 'key', 'other key', 'x-y', '5', 'caf\u00e9', 'constructor');
  const word = fc.constantFrom(
    '',
    'x',
    'true',
    'false',
    'null',
    '5.0',
    'a b',
    'a=b',
    'a\\;b',
    'x\\y',
    '"',
    "it's",
    '\u20ac',
  );
  const value = fc.oneof(
    word,
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom("'a;b'", "'a b '", "''", "'#'"),
    fc.tuple(word, fc.constantFrom(' ; comment', '#comment')).map((parts) => parts.join('')),
  );
  const space = fc.constantFrom('', '', ' ', '\t ');
  const line = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(space, name, fc.constantFrom('', '', '[]'), space, fc.constant('='), space, value),
    },
    // Sections and keys have different names, and are two deep: the package loses others.
    { weight: 2, arbitrary: fc.constantFrom(['[s]'], ['[t.u]'], ['[t] '], ['[t.v]'], ['[ w ]']) },
    { weight: 1, arbitrary: fc.constantFrom([''], ['  '], ['; x=1'], [' # [s]'], ['flag']) },
  );
  const end = fc.constantFrom('\n', '\n', '\r\n', '\r', '\n\n');
  const ini = fc.array(fc.tuple(line, end)).map((lines) => lines.map(([parts, eol]) => parts.join('') + eol).join(''));

  test('on the texts, and where they stand', () => {
    fc.assert(
      fc.property(ini, (text) => {
        const { texts, originOf } = parseIni(text, 'a.ini');
        const found = [...leaves(texts)];
        expect(found.map((leaf) => JSON.stringify(leaf)).sort()).toEqual(packageLeaves(text).sort());
        const lines = text.split(/\r\n|\n|\r/);
        const places = found.map(([path, value]) => {
          const { line, column } = originOf(path);
          const there = lines[line! - 1]!;
          expect(there.slice(0, column! - 1).trim()).toBe('');
          // The package, given that line alone, reads that key and that value.
          const key = path.findLast((part) => typeof part === 'string');
          const alone = packageLeaves(there.slice(column! - 1));
          expect([JSON.stringify([[key], value]), JSON.stringify([[key, 0], value])]).toContain(alone[0]);
          return line;
        });
        expect(new Set(places).size).toBe(places.length);
      }),
      { numRuns: 500 },
    );
  });
});

test('any text is read or refused at one of its lines', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab.=[];#"\'\\ \t\r\n:', '\u2028', '__proto__') });
  fc.assert(
    fc.property(text, (ini) => {
      try {
        const { texts, originOf } = parseIni(ini, 'a.ini');
        for (const [path] of leaves(texts)) expect(originOf(path).line).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(LogcatchError);
        expect((error as LogcatchError).origin?.line).toBeLessThanOrEqual(ini.split(/\r\n|\n|\r/).length);
      }
    }),
    { numRuns: 2_000 },
  );
});
