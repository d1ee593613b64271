import { expect, test } from 'vitest';
import { summary } from './troubles.ts';

const denied = (path: string) => ({ message: `${path} cannot be read: EACCES`, hint: 'Give it the right to.' });
const unwatched = { message: 'folders cannot be watched', hint: 'Raise the limit.' };

test.each([
  ['nothing', [], null, undefined],
  ['one', [denied('a')], 'a cannot be read: EACCES', 'Give it the right to.'],
  [
    'many of a kind',
    ['a', 'b', 'c', 'd', 'e'].map(denied),
    'a cannot be read: EACCES; b cannot be read: EACCES; c cannot be read: EACCES; and 2 more',
    'Give it the right to.',
  ],
  [
    'two kinds: each with its own hint',
    [denied('a'), unwatched, denied('b')],
    'a cannot be read: EACCES; b cannot be read: EACCES. Give it the right to. folders cannot be watched',
    'Raise the limit.',
  ],
] as const)('%s', (_, troubles, reason, hint) => {
  expect(summary(troubles)).toEqual(hint === undefined ? { reason } : { reason, hint });
});
