import { expect, test } from 'vitest';
import { errorsOf, resolve } from './fixtures/definitions.ts';

/** Edges as `from[.exit] > to`. */
const edgesOf = (text: string) =>
  resolve(text).edges.map(({ from, exit, to }) => `${from}${exit === undefined ? '' : `.${exit}`} > ${to}`);

const tail = '{ type: tail, paths: x }';

test.each([
  [
    'top to bottom',
    `inputs: { a: ${tail}, b: ${tail} }\ntransforms: { t: { type: drop }, u: { type: drop } }\noutputs: { o: { type: console }, p: { type: console } }`,
    ['a > t', 'b > t', 't > u', 'u > o', 'u > p'],
  ],
  ['without transforms', `inputs: { a: ${tail}, b: ${tail} }\noutputs: { o: { type: console } }`, ['a > o', 'b > o']],
  [
    'an input with each stands for its entries',
    `inputs: { a: { type: tail, each: { x: /x, y: /y }, paths: "\${each.value}" }, b: ${tail} }
outputs: { o: { type: console, inputs: [b, a] } }`,
    ['b > o', 'a/x > o', 'a/y > o'],
  ],
  [
    'as said, in any order of the file',
    `inputs: { a: ${tail}, b: ${tail} }
transforms: { t: { type: drop, inputs: [u] }, u: { type: drop, inputs: a } }
outputs: { o: { type: console, inputs: "t, b" }, p: { type: console, inputs: [a] } }`,
    ['u > t', 'a > u', 't > o', 'b > o', 'a > p'],
  ],
  [
    'exits',
    `inputs: { a: ${tail} }
transforms: { r: { type: route, pattern: x, inputs: [a] } }
outputs: { o: { type: console, inputs: [r.errors] }, p: { type: console, inputs: [r.errors, r.rest] } }`,
    ['a > r', 'r.errors > o', 'r.errors > p', 'r.rest > p'],
  ],
])('%s', (_case, text, edges) => {
  expect(edgesOf(text)).toEqual(edges);
});

const wiring = (line: number, column: number, rest: string) => `p.yaml:${line}:${column} LC_CONFIG_WIRING ${rest}`;
const check = 'Check the `inputs:` of the component named.';

test.each([
  [
    'a transform with exits in the chain',
    `inputs: { a: ${tail} }\ntransforms: { r: { type: route, pattern: x } }\noutputs: { o: { type: console } }`,
    [
      wiring(
        2,
        15,
        'transforms.r: it has several exits (errors, rest), so every transform and output must say what it reads. Give them `inputs:`, such as `inputs: [r.errors]`.',
      ),
    ],
  ],
  [
    'one that says nothing where others do',
    `inputs: { a: ${tail} }\ntransforms: { t: { type: drop } }\noutputs: { o: { type: console, inputs: [a] } }`,
    [
      wiring(
        2,
        15,
        `transforms.t: it says no \`inputs:\`, but outputs.o does: where one says them, every transform and output must. ${check}`,
      ),
    ],
  ],
  [
    'an unknown id',
    `inputs: { app: ${tail} }\noutputs: { o: { type: console, inputs: [ap] } }`,
    [wiring(2, 41, `outputs.o.inputs: there is no component "ap", did you mean "app"? ${check}`)],
  ],
  [
    'an entry of each',
    `inputs: { a: { type: tail, each: { x: /x }, paths: x } }\noutputs: { o: { type: console, inputs: [a/x] } }`,
    [
      wiring(
        2,
        41,
        'outputs.o.inputs: "a/x" is one entry; `inputs:` names components. Write "a" for all of its entries.',
      ),
    ],
  ],
  [
    'exits that are unknown, missing, or not there',
    `inputs: { a: ${tail} }
transforms: { r: { type: route, pattern: x, inputs: [a] } }
outputs: { o: { type: console, inputs: [r.err, r, a.x] } }`,
    [
      wiring(3, 41, 'outputs.o.inputs: "r" has no exit "err", did you mean "r.errors"? Its exits: r.errors, r.rest.'),
      wiring(3, 48, 'outputs.o.inputs: "r" has several exits, name one. Write r.errors or r.rest.'),
      wiring(3, 51, 'outputs.o.inputs: "a" has no exits. Write "a".'),
    ],
  ],
  [
    'an output, itself, and one thing twice',
    `inputs: { a: ${tail} }\noutputs: { o: { type: console, inputs: [o, a, a] }, p: { type: console, inputs: [o] } }`,
    [
      wiring(2, 41, `outputs.o.inputs: "o" is an output: nothing comes out of it. ${check}`),
      wiring(2, 47, `outputs.o.inputs: "a" is listed twice. ${check}`),
      wiring(2, 82, `outputs.p.inputs: "o" is an output: nothing comes out of it. ${check}`),
    ],
  ],
  [
    'a circle',
    `inputs: { a: ${tail} }
transforms: { t: { type: drop, inputs: [a, v] }, u: { type: drop, inputs: [t] }, v: { type: drop, inputs: [u] } }
outputs: { o: { type: console, inputs: [v] } }`,
    [wiring(2, 15, `transforms.t: its records would go round for ever: t -> u -> v -> t. ${check}`)],
  ],
  [
    'what nobody reads',
    `inputs: { a: ${tail}, b: ${tail} }
transforms: { r: { type: route, pattern: x, inputs: [a] } }
outputs: { o: { type: console, inputs: [a] } }`,
    [
      wiring(
        1,
        40,
        'inputs.b: nothing reads it, so its records would go nowhere. Add "b" to the `inputs:` of a transform or output, or remove it.',
      ),
      wiring(
        2,
        15,
        'transforms.r: nothing reads it, so its records would go nowhere. Add "r.errors" to the `inputs:` of a transform or output, or remove it.',
      ),
    ],
  ],
  [
    'what nobody reads beside what is misspelt, but not what was meant by that',
    `inputs: { a: ${tail}, app: ${tail}, b: ${tail}, c: { type: tail, each: { x: /x }, paths: x } }
transforms: { r: { type: route, pattern: x, inputs: [b] } }
outputs: { o: { type: console, inputs: [ap, r.err, c/x] } }`,
    [
      expect.stringContaining('inputs.a: nothing reads it'),
      expect.stringContaining('there is no component "ap", did you mean "app"?'),
      expect.stringContaining('"r" has no exit "err"'),
      expect.stringContaining('"c/x" is one entry'),
    ],
  ],
  [
    'a reference that could mean anything, and then nothing of what nobody seems to read',
    `inputs: { a: ${tail}, b: ${tail} }\noutputs: { o: { type: console, inputs: [a, elsewhere] } }`,
    [expect.stringContaining('there is no component "elsewhere".')],
  ],
  [
    'inputs that are no list',
    `inputs: { a: ${tail} }\noutputs: { o: { type: console, inputs: 3 } }`,
    ['p.yaml:2:40 LC_CONFIG_VALUE outputs.o.inputs: expected a list or text, got 3. Put it in quotes: "3".'],
  ],
  [
    'one id twice',
    `inputs: { a: ${tail} }\noutputs: { a: { type: console } }`,
    [
      'p.yaml:2:12 LC_CONFIG_DUPLICATE_ID outputs.a: its id is also that of inputs.a (1:11). Rename one of them: ids are unique in the whole file.',
    ],
  ],
])('refuses %s', (_case, text, errors) => {
  expect(errorsOf(text)).toEqual(errors);
});

test('a chain may be longer than the stack is deep', () => {
  const ids = Array.from({ length: 12_000 }, (_, index) => `t${index}`);
  const file = `inputs: { a: ${tail} }\ntransforms:\n${ids.map((id) => `  ${id}: { type: drop }\n`).join('')}outputs: { o: { type: console } }`;
  expect(edgesOf(file)).toHaveLength(12_001);
});
