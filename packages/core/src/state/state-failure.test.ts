import { expect, test } from 'vitest';
import { explain } from './state-failure.ts';

test.each([
  ['a new database', { errcode: 13 }],
  ['one that is there', { errcode: 4874 }],
  ['a folder, or the file with the pid', { code: 'ENOSPC' }],
])('no room for %s: free some', (_, facts) => {
  expect(explain(Object.assign(new Error('disk I/O error'), facts), '/state')).toMatchObject({
    code: 'LC_DATA_DIR',
    message: '/state: its disk is full',
    hint: expect.stringMatching(/^Free space/),
  });
});

test('what else is wrong with it is said in its own words', () => {
  for (const facts of [{ errcode: 778 }, { code: 'EACCES' }, {}]) {
    const known = explain(Object.assign(new Error('disk I/O error'), facts), '/state');
    expect(known).toMatchObject({ message: '/state: disk I/O error', hint: expect.stringContaining('can write') });
  }
});
