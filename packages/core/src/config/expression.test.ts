import { expect, test } from 'vitest';
import { ExpressionError, type Part, parseExpression } from './expression.ts';

/** Parts in short: references as `<path|default>`. */
const short = (parts: readonly Part[]): string =>
  parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const fallback = part.fallback === undefined ? '' : `|${short(part.fallback)}`;
      return `<${part.path.join('/')}${fallback}>`;
    })
    .join('');

test.each([
  ['plain', 'plain'],
  ['', ''],
  ['${env.HOME}', '<env/HOME>'],
  ['${ env.HOME }', '<env/HOME>'],
  ['a${host}b${each.x.y}c', 'a<host>b<each/x/y>c'],
  ['${a.b:-}', '<a/b|>'],
  ['${a.b:-x:-y}', '<a/b|x:-y>'],
  ['${a.b:- x }', '<a/b| x >'],
  ['${a.b:-${c.d:-e}}', '<a/b|<c/d|e>>'],
  ['${a.b:-{{ topic }}}', '<a/b|{{ topic }}>'],
  ['${a.b:-{"k": {}}}', '<a/b|{"k": {}}>'],
  ['{{ topic }} ${host}', '{{ topic }} <host>'],
  ['$${host}', '${host}'],
  ['$$${host}', '$${host}'],
  ['$ $x {} } ${host}', '$ $x {} } <host>'],
  ['a$${b}${c}$${d', 'a${b}<c>${d'],
  ['${a:-$${b}}', '<a|${b}>'],
])('%j', (text, parts) => {
  expect(short(parseExpression(text))).toBe(parts);
});

test.each([
  '${',
  '${a',
  '${a:-{}',
  '${}',
  '${ }',
  '${a..b}',
  '${.a}',
  '${a b}',
  '${:-x}',
  '${${a}}',
  '${a:-'.repeat(40) + '}'.repeat(40),
])('refuses %j without quoting it', (text) => {
  expect(() => parseExpression(text)).toThrow(ExpressionError);
});

test('a message never shows a default', () => {
  const [part] = parseExpression('${env.PASSWORD:-hunter2}');
  expect(part).toMatchObject({ text: '${env.PASSWORD}' });
});
