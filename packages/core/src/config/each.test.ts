import { describe, expect, test } from 'vitest';
import { errorsOf, resolve, withInputs } from './fixtures/definitions.ts';

const inputsOf = (inputs: string) =>
  resolve(withInputs(inputs)).inputs.map(({ id, resolved, attributes }) => ({ id, resolved, attributes }));

describe('each', () => {
  test('of a map: key and value', () => {
    expect(
      inputsOf(
        'a: { type: tail, each: { nginx: /n.log, db: /d.log }, paths: "${each.value}", attributes: { k: "${each.key}" } }',
      ),
    ).toEqual([
      { id: 'a/nginx', resolved: { paths: '/n.log' }, attributes: { k: 'nginx' } },
      { id: 'a/db', resolved: { paths: '/d.log' }, attributes: { k: 'db' } },
    ]);
  });

  test('of a map: fields of the value; the key of the map comes before a field `key`', () => {
    expect(
      inputsOf(
        'a: { type: tail, each: { n: { p: /n, key: x } }, paths: ["${each.p}", "${each.value.key}", "${each.key}"] }',
      ),
    ).toEqual([{ id: 'a/n', resolved: { paths: ['/n', 'x', 'n'] }, attributes: {} }]);
  });

  test('of a list of scalars', () => {
    expect(inputsOf('a: { type: tail, each: [/x, /y], id: "${each}", paths: "${each}" }').map(({ id }) => id)).toEqual([
      'a//x',
      'a//y',
    ]);
  });

  test('values keep their type', () => {
    const [input] = inputsOf(
      'a: { type: tail, each: { n: { p: [/a, /b], c: 5 } }, paths: "${each.p}", chunk: "${each.c}" }',
    );
    expect(input?.resolved).toEqual({ paths: ['/a', '/b'], chunk: 5 });
  });

  test('values may hold `${}` themselves', () => {
    const [input] = inputsOf('a: { type: tail, each: { n: "/logs/${host}" }, paths: "${each.value}" }');
    expect(input?.resolved).toEqual({ paths: '/logs/web-1' });
  });

  test('without key or `id`, the options make the id: new attributes keep it, new options do not', () => {
    const one = (entry: string) =>
      inputsOf(
        `a: { type: tail, each: [${entry}], paths: "\${each.p}", from: "\${each.f:-end}", attributes: { t: "\${each.t:-x}" } }`,
      )[0]?.id;
    expect(one('{ p: /a }')).toMatch(/^a\/[0-9a-f]{8}$/);
    expect(one('{ p: /a, t: new }')).toBe(one('{ p: /a }'));
    expect(one('{ p: /a, f: beginning }')).not.toBe(one('{ p: /a }'));
  });

  test('an option that is the same for all entries is no part of the id, so that a change of it keeps every position', () => {
    const ids = (more: string) =>
      inputsOf(`a: { type: tail, each: [{ p: /a }, { p: /b }], paths: "\${each.p}"${more} }`).map(({ id }) => id);
    expect(new Set(ids('')).size).toBe(2);
    expect(ids(', from: end, chunk: 5')).toEqual(ids(''));
  });

  test('of a text from env is a list with commas', () => {
    const paths = (each: string) =>
      resolve(withInputs(`a: { type: tail, each: "${each}", paths: "\${each}" }`)).inputs.map(({ options }) => options);
    expect(paths('${env.BROKERS}')).toMatchObject([{ paths: ['a:1'] }, { paths: ['b:2'] }]);
    expect(paths('${env.EMPTY:-}')).toEqual([]);
  });

  test.each(['[]', '{}'])('of %s gives no input, which is valid', (empty) => {
    expect(resolve(withInputs(`a: { type: tail, each: ${empty}, paths: x }`))).toMatchObject({
      inputs: [],
      edges: [{ from: 'blank', to: 'out' }],
    });
  });

  test('an entry knows its place', () => {
    const { inputs } = resolve(withInputs('a:\n  type: tail\n  each:\n    - /x\n    - /y\n  paths: "${each}"'));
    expect(inputs.map(({ origin }) => origin)).toEqual([
      { file: 'p.yaml', line: 5, column: 9 },
      { file: 'p.yaml', line: 6, column: 9 },
    ]);
  });

  test.each([
    [
      'neither list nor map',
      'a: { type: tail, each: x, paths: y }',
      ['p.yaml:2:26 LC_CONFIG_VALUE inputs.a.each: expected a list or a map, got "x".'],
    ],
    [
      'one bad entry of a list, named by its index',
      'a: { type: tail, each: [{ p: /a }, { p: 3 }, { q: /b }], paths: ["${each.p}"] }',
      [
        'p.yaml:2:43 LC_CONFIG_VALUE inputs.a[1].paths[0]: expected text, got 3 from ${each.p}. See `pipeline plugins tail`.',
        'p.yaml:2:48 LC_CONFIG_UNKNOWN_NAME inputs.a[2].paths[0]: ${each.p} names nothing. Valid here: each, each.q.',
      ],
    ],
    [
      'one bad entry of a map, named by its key',
      'a: { type: tail, each: { n: { p: /a }, db: { from: ende } }, paths: x, from: "${each.from:-end}" }',
      [
        'p.yaml:2:54 LC_CONFIG_VALUE inputs.a/db.from: expected "beginning" or "end", got "ende" from ${each.from}, did you mean "end"? See `pipeline plugins tail`.',
      ],
    ],
    [
      "what is wrong with all entries is the component's own fault, said once",
      'a: { type: tail, each: [/a, /b], path: "${each}", paths: "${each.p}" }',
      [
        'p.yaml:2:36 LC_CONFIG_UNKNOWN_KEY inputs.a.path: unknown key "path", did you mean "paths"?',
        'p.yaml:2:60 LC_CONFIG_UNKNOWN_NAME inputs.a.paths: ${each.p} names nothing. Valid here: each.',
      ],
    ],
    [
      'two entries with one id',
      'a: { type: tail, each: [{ p: /a }, { p: /b }, { p: /a, t: 1 }], paths: "${each.p}" }',
      [
        expect.stringMatching(
          /^p\.yaml:2:49 LC_CONFIG_DUPLICATE_ID inputs\.a: entries \[0\] \(p\.yaml:2:27\) and \[2\] both have the id "a\/[0-9a-f]{8}"\./,
        ),
      ],
    ],
    [
      'two entries with one `id:`',
      'a: { type: tail, each: { n: /a, m: /b }, id: same, paths: "${each.value}" }',
      [
        'p.yaml:2:35 LC_CONFIG_DUPLICATE_ID inputs.a: entries "n" (p.yaml:2:28) and "m" both have the id "a/same". Give the component an `id:` that tells them apart.',
      ],
    ],
    [
      '`id:` without `each:`',
      'a: { type: tail, id: x, paths: y }',
      [
        'p.yaml:2:20 LC_CONFIG_UNKNOWN_KEY inputs.a.id: `id:` is for the entries of an `each:`, and this input has none. Remove it: the id of a component is its key.',
      ],
    ],
  ])('%s', (_case, inputs, errors) => {
    expect(errorsOf(withInputs(inputs))).toEqual(errors);
  });

  test('is for inputs only', () => {
    const file = 'inputs: { a: { type: tail, paths: x } }\noutputs: { o: { type: console, each: [1] } }';
    expect(errorsOf(file)).toEqual([
      'p.yaml:2:32 LC_CONFIG_UNKNOWN_KEY outputs.o.each: "each" is not for outputs, only for inputs.',
    ]);
  });
});
