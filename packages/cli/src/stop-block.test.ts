import { expect, test } from 'vitest';
import { lastLine, leftLines } from './stop-block.ts';

const left = (path: string, bytes: number, read = 0, input = 'app') => ({ input, path, position: 5, bytes, read });

test('nothing is left', () => {
  expect(leftLines([])).toEqual([]);
  expect(lastLine(new Map(), [])).toBe('stopped: nothing was written; nothing is left to deliver');
  expect(lastLine(new Map([['kafka', 1]]), [])).toBe('stopped: 1 record written to kafka; nothing is left to deliver');
});

test('what is left of each input, a few files by name', () => {
  const many = ['/a', '/b', '/c', '/d', '/e'].map((path) => left(path, 10));
  const all = [left('/x', 107, 100, 'other'), ...many];
  expect(leftLines(all)).toEqual([
    'other: /x: 107 bytes are not delivered, 100 of them read; it resumes at byte 5.',
    'app: /a: 10 bytes are not delivered; it resumes at byte 5.',
    'app: /b: 10 bytes are not delivered; it resumes at byte 5.',
    'app: /c: 10 bytes are not delivered; it resumes at byte 5.',
    'app: 2 more files: 20 bytes are not delivered.',
  ]);
  expect(lastLine(new Map([['kafka', 1_000]]), all)).toBe(
    'stopped: 1000 records written to kafka; 157 bytes are not delivered, 100 of them read',
  );
});

test('what was there once does not resume', () => {
  expect(leftLines([{ ...left('stdin', 3), position: undefined }])).toEqual([
    'app: stdin: 3 bytes are not delivered; they cannot be read again.',
  ]);
});
