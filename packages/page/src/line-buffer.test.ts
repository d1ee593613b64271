import { expect, test } from 'vitest';
import { LineBuffer } from '../browser/line-buffer.js';

const record = (message: string) => ({
  record: {
    time: '2026-11-22T19:42:02.123Z',
    component: 'by',
    exit: 'errors',
    path: '/a.log',
    offset: 7,
    size: message.length,
    attributes: { team: 'core' },
    message,
  },
});

test('keeps the last 200 lines, each with a key of its own, and counts the others', () => {
  const buffer = new LineBuffer();
  buffer.add([record('<b>one</b>'), { tick: { components: 2, seen: 10, skipped: 3 } }]);
  expect(buffer).toMatchObject({
    seen: 10,
    skipped: 3,
    components: 2,
    lines: [
      {
        time: `${new Date('2026-11-22T19:42:02.123Z').toTimeString().slice(0, 8)}.123`,
        component: 'by.errors',
        place: '/a.log:7',
        attributes: 'team=core',
        message: '<b>one</b>',
      },
    ],
  });
  buffer.add(Array.from({ length: 500 }, (_, index) => record(String(index))));
  expect(buffer.lines).toHaveLength(200);
  expect(buffer.lines.at(-1)!.message).toBe('499');
  expect(new Set(buffer.lines.map(({ key }) => key)).size).toBe(200);
  buffer.add([record('x'.repeat(5_000))]);
  expect(buffer.lines.at(-1)!.message).toMatch(/^x{2000}… \(4\.9 KiB\)$/);
});
