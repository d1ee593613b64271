import { assert, constantFrom, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { type Batch, type Buffers, batchOf, type Chunk, Condition, type Source, TextColumn } from './index.ts';

const source: Source = { key: 1, input: 'a', path: '/a', attributes: { name: 'a', service: 'shop' }, position: 0 };

/** Memory without a pool: this package knows none. */
function chunkOf(bytes: number): Chunk {
  const [starts, ends] = [new Uint32Array(100), new Uint32Array(100)];
  return { bytes: Buffer.alloc(bytes), starts, ends, reserve() {}, sibling: chunkOf, release() {} };
}

function batchWith(values: string[]): Promise<Batch> {
  const buffers: Buffers = { largest: 1000, acquire: chunkOf };
  return batchOf(source, values, { start: 0, buffers, signal: new AbortController().signal });
}

const lines = ['GET /a 200', 'POST /b 500 timeout', 'ERROR timeout', 'time', 'out', 'ä ERROR'];
const statuses = ['200', '500', undefined, 'x', '', '404'];

async function meet(text: string): Promise<number[]> {
  const batch = (await batchWith(lines)).withColumn('http.status', new TextColumn(statuses));
  return [...Condition.parse(text).filter(batch)].map(({ offset }) => offset);
}

test.each<[string, number[]]>([
  ['message.contains("timeout")', [1, 2]],
  ['message.contains("ERROR") || message.startsWith("POST")', [1, 2, 5]],
  ['message.endsWith("ERROR")', [5]],
  ['message == "time"', [3]],
  ['message != "time"', [0, 1, 2, 4, 5]],
  ['message.matches("^(GET|POST) ")', [0, 1]],
  ['message.matches("(?i)error")', [2, 5]],
  ['size(message) < 5', [3, 4]],
  ['http.status >= 400', [1, 5]],
  ['http.status == 200', [0]],
  ['http.status != 200', [1, 2, 3, 4, 5]],
  ['http.status in [200, "x"]', [0, 3]],
  ['has(http.status)', [0, 1, 3, 4, 5]],
  ['!has(http.status) || attributes["http.status"] == ""', [2, 4]],
  ['http.status.startsWith("4")', [5]],
  ['size(http.status) == 0', [4]],
  ["service == 'shop' && !(http.status == 500)", [0, 2, 3, 4, 5]],
  ['service == "other" && message.contains("a")', []],
  ['service == "shop"', [0, 1, 2, 3, 4, 5]],
  ['name == service', []],
  ['offset > 3', [4, 5]],
  ['true', [0, 1, 2, 3, 4, 5]],
  ['missing < 5 || missing >= 5 || missing == "" || missing.contains("")', []],
])('%s', async (text, expected) => {
  expect(await meet(text)).toEqual(expected);
});

test.each<[string, string]>([
  ['', 'expected an attribute, message, a text or a number at character 1:  >>> '],
  ['level = "a"', 'write == to compare at character 7: level  >>> = "a"'],
  ['level !== "a"', 'write != to compare at character 9: level != >>> = "a"'],
  ['level === "a"', 'write == to compare at character 9: level == >>> = "a"'],
  ['contains "x"', 'write message.contains("...") at character 1:  >>> contains "x"'],
  ['level startsWith "x"', 'write level.startsWith("...") at character 1:  >>> level startsWith "x"'],
  ['level == "a', 'a quote that is not closed at character 10: level ==  >>> "a'],
  ['level', 'level is text, not true or false: write has(level) or level == "..." at character 1:  >>> level'],
  ['level == "a" and x', 'expected && or || or the end at character 14: level == "a"  >>> and x'],
  ['(level == "a"', 'expected ) at character 14: (level == "a" >>> '],
  [
    'message.has("a")',
    'there is no method has; there are contains, startsWith, endsWith, matches at character 9: message. >>> ',
  ],
  ['contains(message, "a")', 'there is no function contains; there are has and size at character 1:  >>> '],
  ['message.contains(level)', 'contains takes a text in quotes at character 18: message.contains( >>> level)'],
  ['message.matches("a(b")', 'Unterminated group at character 2: a >>> (b at character 17: '],
  ['attributes.level == "a"', 'write level, or attributes["level"] at character 1:  >>> '],
  ['level in []', 'expected a text or a number at character 11: level in [ >>> ]'],
  ['level == "\\d"', '\\d is no escape; write \\\\d for a backslash at character 11: level == " >>> \\d"'],
  ['"a"', 'expected one of == != < <= > >= at character 4: "a" >>> '],
])('%s is explained', (text, message) => {
  expect(() => Condition.parse(text)).toThrow(message);
});

test('what holds for a whole batch is looked at once', async () => {
  const batch = await batchWith(lines);
  expect(Condition.parse('service == "shop" || message.contains("x")').bind(batch)).toBe(true);
  expect(Condition.parse('service != "shop" && message.contains("x")').bind(batch)).toBe(false);
  expect(Condition.parse('service == "shop"').filter(batch)).toBe(batch);
});

test('the bytes of a record are searched as its text would be, in any order of the records', async () => {
  const piece = constantFrom('a', 'aa', 'aaa', 'ab', 'ba', 'b', '');
  const batch = await batchWith(['aa', 'b', '', 'ab', 'aab', 'ba', 'aaab']);
  const shuffled = batch.select(Uint32Array.from([6, 3, 3, 0, 5, 1, 4, 2]));
  assert(
    property(piece, constantFrom('contains', 'startsWith', 'endsWith'), (part, method) => {
      const met = Condition.parse(`message.${method}("${part}")`).filter(shuffled);
      const expected = [...shuffled]
        .map(({ text }) => text)
        .filter((text) => {
          if (method === 'contains') return text.includes(part);
          return method === 'startsWith' ? text.startsWith(part) : text.endsWith(part);
        });
      expect([...met].map(({ text }) => text)).toEqual(expected);
    }),
  );
});

test('whatever is given, it is a condition or an error with a place', () => {
  assert(
    property(string(), (text) => {
      try {
        Condition.parse(text);
      } catch (error) {
        expect((error as Error).message).toMatch(/ at character \d+: /);
      }
    }),
  );
});
