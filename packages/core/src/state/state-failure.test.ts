import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askAgent } from '../control/control-client.ts';
import { requireState } from './state-access.ts';
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

test.skipIf(process.getuid?.() === 0)(
  'the folder that may not be entered is named, and none that is not there',
  async () => {
    const top = mkdtempSync(join(tmpdir(), 'logcatch-state-'));
    const closed = join(top, '.logcatch');
    onTestFinished(() => {
      chmodSync(closed, 0o700);
      rmSync(top, { recursive: true });
    });
    mkdirSync(closed, { mode: 0 });
    const dataDir = join(closed, 'prod');
    const message = `this user may not enter ${closed}, so it is not known whether ${dataDir} is there`;
    expect(() => requireState(dataDir)).toThrow(expect.objectContaining({ code: 'LC_AGENT_FORBIDDEN', message }));
    await expect(askAgent(dataDir, 'GET', '/status')).rejects.toMatchObject({ code: 'LC_AGENT_FORBIDDEN', message });
  },
);
