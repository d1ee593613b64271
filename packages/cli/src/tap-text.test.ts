import { expect, test } from 'vitest';
import { recordText } from './tap-text.ts';

const record = {
  time: '2026-11-22T19:00:00.000Z',
  component: 'app',
  path: '/var/log/a.log',
  offset: 120,
  size: 8,
  attributes: { path: '/var/log/a.log', name: 'a.log', input: 'app', host: 'web1', level: 'warn' },
  message: 'the text',
};

test('where it is from, what is known of it, and its text', () => {
  expect(recordText(record, false)).toBe('app /var/log/a.log:120 level=warn  the text');
  expect(recordText({ ...record, component: 'level', exit: 'errors', attributes: {} }, false)).toBe(
    'level.errors /var/log/a.log:120  the text',
  );
  expect(recordText(record, true)).toBe('\x1b[90mapp /var/log/a.log:120 level=warn\x1b[39m  the text');
});

test('nothing in it controls a terminal, and its colours end with it', () => {
  const hostile = {
    ...record,
    path: '/a\n\x1b[2J',
    attributes: { '\x1b]0;x\x07': 'y\r' },
    message: '\x1b[31m\x1b[2Jred',
  };
  expect(recordText(hostile, false)).toBe('app /a [2J:120  ]0;x =y   \x1b[31m\ufffd[2Jred\x1b[0m');
});

test('what is long is shortened', () => {
  const attributes = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`a${i}`, 'x'.repeat(50)]));
  const text = recordText({ ...record, attributes, size: 20_000 }, false);
  expect(text).toMatch(/ a0=x{37}\.\.\. .*\.\.\. {2}the text \(20000 bytes\)$/);
  expect(text.length).toBeLessThan(230);
});
