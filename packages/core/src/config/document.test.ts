import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigErrors, parseDocument, readDocument } from './index.ts';
import type { KeyPath } from './problem.ts';

describe('a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'logcatch-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const refusal = async (name: string, content?: string | Uint8Array) => {
    const file = path.join(folder, name);
    if (content !== undefined) await writeFile(file, content);
    const error: unknown = await readDocument(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigErrors);
    return (error as ConfigErrors).errors.map((one) => one.describe().replace(`${folder}/`, ''));
  };

  test('is read, with places', async () => {
    const file = path.join(folder, 'good.yaml');
    await writeFile(file, '\uFEFFname: x\r\ninputs:\r\n  a: 1\r\n');
    const document = await readDocument(path.relative(process.cwd(), file));
    expect(document).toMatchObject({ file, value: { name: 'x', inputs: { a: 1 } } });
    expect(document.originOf(['inputs', 'a'])).toEqual({
      file: path.relative(process.cwd(), file),
      line: 3,
      column: 6,
    });
  });

  test('that cannot be read is refused', async () => {
    await mkdir(path.join(folder, 'folder'));
    expect(await refusal('missing.yaml')).toEqual([
      'missing.yaml LC_CONFIG_FILE there is no such file. Check the path and its permissions.',
    ]);
    expect(await refusal('folder')).toEqual([
      'folder LC_CONFIG_FILE it is a directory. Check the path and its permissions.',
    ]);
    expect(await refusal('binary', Uint8Array.of(0x61, 0xff))).toEqual([
      'binary LC_CONFIG_FILE it is not UTF-8 text. Save it as UTF-8.',
    ]);
    expect(await refusal('large', '#'.repeat(2 ** 20 + 1))).toEqual([
      'large LC_CONFIG_FILE it has 1048577 bytes, more than the 1048576 allowed. Say `each:` once for many inputs of a kind.',
    ]);
    const { file } = await readDocument('/dev/null').catch(
      (error: ConfigErrors) => error.errors[0]?.origin ?? { file: '' },
    );
    expect(file).toBe('/dev/null');
  });
});

const mend = 'Mend the YAML at the place shown.';
const quote = 'Put text with `${}` or `{{ }}` in quotes.';

test.each([
  [
    '',
    [
      '1:1 LC_CONFIG_VALUE the file is empty, expected a map with `inputs:` and `outputs:`. See the README for a pipeline in 12 lines.',
    ],
  ],
  [
    '- a',
    [
      '1:1 LC_CONFIG_VALUE the file holds a list, expected a map with `inputs:` and `outputs:`. See the README for a pipeline in 12 lines.',
    ],
  ],
  [
    'text',
    [
      '1:1 LC_CONFIG_VALUE the file holds one value, expected a map with `inputs:` and `outputs:`. See the README for a pipeline in 12 lines.',
    ],
  ],
  ['a: 1\nb: 2\na: 3', [`3:1 LC_CONFIG_SYNTAX the key "a" is in this map already. ${mend}`]],
  [
    'a:\n\tb: 1\nc: "x',
    [
      `2:1 LC_CONFIG_SYNTAX Tabs are not allowed as indentation. ${mend}`,
      `3:6 LC_CONFIG_SYNTAX Missing closing "quote. ${mend}`,
    ],
  ],
  ['a: {{ topic }}', [`1:5 LC_CONFIG_SYNTAX a key must be text. ${quote}`]],
  ['a: { b: ${env.X} }', [`1:10 LC_CONFIG_SYNTAX Unexpected flow-map-start at node end. ${quote}`]],
  [
    'a: !env X\nb: !!binary aGk=\nc: !x { d: 1 }\nd: !!map { e: !!str 1 }',
    [
      `1:9 LC_CONFIG_SYNTAX the tag "!env" is not known here. ${mend}`,
      `2:13 LC_CONFIG_SYNTAX the tag "tag:yaml.org,2002:binary" is not known here. ${mend}`,
      `3:7 LC_CONFIG_SYNTAX the tag "!x" is not known here. ${mend}`,
    ],
  ],
  ['a: *x', [`1:4 LC_CONFIG_SYNTAX no anchor "&x" stands before this alias. ${mend}`]],
  ['a: &a [*a]', [`1:8 LC_CONFIG_SYNTAX this alias holds itself. ${mend}`]],
  ['a: &a { <<: *a }', [`1:13 LC_CONFIG_SYNTAX this alias holds itself. ${mend}`]],
  ['a: { <<: 3 }', [`1:10 LC_CONFIG_SYNTAX \`<<\` takes maps. ${mend}`]],
  ['a: 1\n---\nb: 2', [`2:1 LC_CONFIG_SYNTAX a pipeline file holds one YAML document. ${mend}`]],
  [`a: ${'['.repeat(10_000)}`, [expect.stringContaining('it is nested too deep')]],
  [
    `a0: &a0 [x, x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`,
    [`1:1 LC_CONFIG_SYNTAX its aliases stand for too much data. ${mend}`],
  ],
])('%j is refused', (text, errors) => {
  try {
    parseDocument('p.yaml', text);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error;
    expect(error.errors.map((one) => one.describe().replace('p.yaml:', ''))).toEqual(errors);
  }
});

test('places of values and keys, through aliases and merge keys', () => {
  const document = parseDocument(
    'p.yaml',
    `base: &base
  type: tail
  list: [1, 2]
inputs:
  a: { <<: *base, type: other }
  b: *base
  c:
    <<: [*base, { more: 1 }]
`,
  );
  expect(document.value).toMatchObject({
    inputs: { a: { type: 'other', list: [1, 2] }, b: { type: 'tail' }, c: { type: 'tail', more: 1 } },
  });
  const places: [KeyPath, value: string, key: string][] = [
    [[], '1:1', '1:1'],
    [['base', 'type'], '2:9', '2:3'],
    [['inputs', 'a', 'type'], '5:25', '5:19'],
    [['inputs', 'a', 'list', 1], '3:13', '3:13'],
    [['inputs', 'b', 'type'], '2:9', '2:3'],
    [['inputs', 'b'], '2:3', '6:3'],
    [['inputs', 'c', 'type'], '2:9', '2:3'],
    [['inputs', 'c', 'more'], '8:25', '8:19'],
    // What is not there has the place of its nearest ancestor.
    [['inputs', 'a', 'list', 7, 'x'], '3:9', '3:3'],
    [['nothing', 'here'], '1:1', '1:1'],
  ];
  for (const [at, value, key] of places) {
    const { line, column } = document.originOf(at);
    expect(`${at}: ${line}:${column}`).toBe(`${at}: ${value}`);
    const origin = document.keyOriginOf(at);
    expect(`${at}: ${origin.line}:${origin.column}`).toBe(`${at}: ${key}`);
  }
});
