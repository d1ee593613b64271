import { expect, test } from 'vitest';
import { groupsOf, parsePattern } from './pattern.ts';

test.each<[string, string]>([
  ['(a)(b', 'Unterminated group at character 4: (a) >>> (b'],
  ['((a)', 'Unterminated group at character 1:  >>> ((a)'],
  ['(a[b)c', 'Unterminated character class at character 3: (a >>> [b)c'],
  ['(a[b]\\d', 'Unterminated group at character 1'],
  ['(?<a>x', 'Unterminated group at character 1'],
  ['(a**b)', 'Nothing to repeat at character 4: (a* >>> *b)'],
  ['a)b', "Unmatched ')' at character 2"],
  ['(?i)x[z-a]', 'Range out of order in character class at character 9'],
])('%s is wrong in one place', (text, message) => {
  expect(() => parsePattern(text)).toThrow(message);
});

test('takes what is written elsewhere', () => {
  expect(parsePattern('(?i)^(?P<level>warn|error)').exec('ERROR x')?.groups).toEqual({ level: 'ERROR' });
  expect(parsePattern('(?im)^x', 'g').flags).toBe('gim');
  expect(parsePattern('\\(?P<').test('P<')).toBe(true);
});

test('names the groups', () => {
  expect(groupsOf(parsePattern('(?<a>x)|(?<b>y)|z'))).toEqual(['a', 'b']);
  expect(groupsOf(parsePattern('x'))).toEqual([]);
});
