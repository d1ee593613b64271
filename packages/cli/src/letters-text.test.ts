import { expect, test } from 'vitest';
import { letterText, replayText, summaryText, unknownOutputText } from './letters-text.ts';

const letter = {
  time: '2026-01-01T00:00:00.000Z',
  output: 'kafka',
  code: 'LC_RECORD_REFUSED',
  reason: 'no\u001b[2J\ntopic',
  input: 'app',
  path: '/a\u202e.log',
  source: 1,
  offset: 6,
  attributes: { path: '/a.log', name: 'a.log', input: 'app', host: 'h', topic: 'x y' },
};

test('what others wrote cannot control a terminal, or forge lines', () => {
  const text = letterText({ ...letter, computed: { level: 'a\rb' }, value: 'one\ntwo\u0007' });
  expect(text).toBe(`2026-01-01T00:00:00.000Z  kafka  LC_RECORD_REFUSED no [2J topic
  from byte 6 of /a .log (app)  topic=x y  level=a b
  one two `);
});

test('long, empty and binary records', () => {
  expect(letterText({ ...letter, value: 'x'.repeat(300) })).toMatch(
    /x{200}\.\.\. \(300 characters; --json shows all\)$/,
  );
  expect(letterText({ ...letter, value: '' })).toContain('(an empty record)');
  expect(letterText({ ...letter, value_base64: '/wD+' })).toContain('/wD+ (base64: it is not UTF-8)');
});

test('lines that are no letters are said', () => {
  const summary = { bytes: 10, limit: 100, records: 0, others: 0, damaged: 2, groups: [] };
  expect(summaryText(summary, {}, 0)).toBe(
    'There are no dead letters.\n2 lines cannot be read: damaged, or written by something else',
  );
});

test('where others are left out that is said', () => {
  const summary = { bytes: 10, limit: 100, records: 0, others: 5, damaged: 0, groups: [] };
  expect(summaryText(summary, { code: 'LC_FOO' }, 0)).toBe(
    'There are no dead letters with reason LC_FOO, but 5 others.',
  );
  expect(summaryText(summary, { output: 'kafka', code: 'LC_FOO' }, 0)).toBe(
    'There are no dead letters of output kafka with reason LC_FOO, but 5 others.',
  );
});

test('an output that is nowhere', () => {
  expect(unknownOutputText('kafak', ['file', 'kafka'])).toBe(
    '--output kafak: neither the pipeline nor a dead letter has such an output, did you mean "kafka"?',
  );
  expect(unknownOutputText('nope', ['file', 'kafka'])).toContain('has such an output. There are: file, kafka.');
});

test('a replay that ended early says why, and what stays', () => {
  const trouble = { output: 'b', code: 'LC_OUTPUT_FAILED', message: 'no leader', hint: 'Wait.' } as const;
  expect(replayText([{ output: 'a', written: 2, refused: 0, reasons: {} }], trouble)).toBe(
    'a: 2 records written and removed from the dead letters\nb: the rest stays: LC_OUTPUT_FAILED no leader. Wait.',
  );
  const reasons = { LC_RECORD_REFUSED: 'too large', LC_RECORD_NO_VALUE: 'no team' };
  expect(replayText([{ output: 'a', written: 0, refused: 3, reasons }], undefined)).toContain(
    '3 records refused again and kept: LC_RECORD_REFUSED too large; LC_RECORD_NO_VALUE no team',
  );
  expect(replayText([], undefined)).toBe('There are no such dead letters.');
});
