import { expect, test } from 'vitest';
import { whyCostly } from './untrusted.ts';

test.each([
  ['/var/log/**/{app,web}-*-*.log', undefined],
  ['/a/*/*/*/*/*/*', undefined],
  ['/a/\\(1\\)\\*\\*\\*\\*\\*', undefined],
  ['/a/*b*b*b*b*', 'a name in it has more than 4 wildcards'],
  ['/a/{,b}{,b}{,b}{,b}{,b}', 'a name in it has more than 4 wildcards'],
  ['/a/**/**/**/b', 'it has more than 2 `**`'],
  ['/a/{{a,b},c}', 'braces in it hold a slash or other braces'],
  ['/a/{b/*,c}', 'braces in it hold a slash or other braces'],
  ['/a/(b)', 'it has parentheses'],
])('the pattern %s: %s', (pattern, reason) => {
  expect(whyCostly(pattern)).toBe(reason);
});
