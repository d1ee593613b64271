import { expect, test } from 'vitest';
import { plain } from '../browser/plain-text.js';

test('what cannot be seen is a sign, colours go, and other writing stays', () => {
  expect(plain('\x1b[1;31mred\x1b[0m \x1b[2J\x07 a\0b')).toBe('red \ufffd[2J\ufffd a\ufffdb');
  expect(plain('invoice_\u202efdp.exe')).toBe('invoice_\ufffdfdp.exe');
  for (const text of ['a\tb\nc', 'مرحبا', '👩‍👧', '<b>&amp;']) expect(plain(text)).toBe(text);
});
