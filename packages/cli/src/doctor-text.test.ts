import { expect, test } from 'vitest';
import { doctorLines, lastLine } from './doctor-text.ts';

const broken = {
  subject: 'output kafka',
  components: ['kafka'],
  findings: [
    { level: 'ok' as const, what: 'a:1 answers' },
    { level: 'problem' as const, what: 'b:1\u001b[2J does not', hint: 'Check it.' },
  ],
};

test('each thing with its level, and what to do below it', () => {
  expect(doctorLines(broken)).toEqual([
    'output kafka',
    '  ok       a:1 answers',
    '  problem  b:1 [2J does not',
    '           Check it.',
  ]);
});

test('the end counts, and names what waits', () => {
  expect(lastLine([{ ...broken, findings: [] }], [])).toBe('All is well.');
  expect(lastLine([broken], [{ id: 'app', sources: ['list'] }])).toBe(
    'app was not looked at: it waits for a value of list. 1 problem, 0 warnings.',
  );
});
