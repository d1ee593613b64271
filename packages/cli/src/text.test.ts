import { expect, test } from 'vitest';
import { folded } from './text.ts';

test('on a terminal words stay whole, and columns of a line where they fit', () => {
  const line = '  warning  one of these words does not fit';
  expect(folded(line, 30, 11)).toBe('  warning  one of these words\n           does not fit');
  expect(folded(`${line}\nshort`, 20, 11)).toBe(
    '  warning  one of\n          these\n          words does\n          not fit\nshort',
  );
  expect(folded('/a/path/that/is/longer/than/a/line and more', 20)).toBe(
    '/a/path/that/is/longer/than/a/line\nand more',
  );
  expect(folded('exactly so', 10)).toBe('exactly so');
});

test('what a program reads stays as it is', () => {
  expect(folded('a b c', undefined)).toBe('a b c');
  // A terminal that does not know its size.
  expect(folded('a b c', 0)).toBe('a b c');
});
