import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyAccount, type PathReport } from '@logcatch/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { explain, reportText } from './explain.ts';

const now = 1_000_000_000;
const nothing: PathReport = {
  path: '/a.log',
  running: true,
  inputs: [],
  sources: [],
  ended: [],
  account: emptyAccount,
  similar: [],
};
const account = { ...emptyAccount, discovered: 10, delivered: 4, pending: 6 };

test('a path that nobody knows', () => {
  expect(reportText(nothing, 'prod.yaml', now)).toBe(
    [
      '/a.log: no regular file is there',
      'no input would read it, and nothing is stored of it',
      '`pipeline check prod.yaml` shows what is read, `pipeline checkpoints prod.yaml ls` what is stored',
    ].join('\n'),
  );
});

test('a path that was meant to be another one', () => {
  expect(reportText({ ...nothing, similar: ['/var/log/a.log', '/b/a.log'] }, 'prod.yaml', now)).toContain(
    'did you mean /var/log/a.log or /b/a.log? A relative path is relative to the working directory',
  );
});

test('a file that was renamed, is paused, and whose input is in trouble', () => {
  const waiting = { state: 'waiting', reason: 'for output kafka to start', hint: 'Wait.' } as const;
  const report: PathReport = {
    ...nothing,
    path: '/a.log.1',
    size: 10,
    inputs: [{ id: 'app', read: true, reasons: ['It was renamed.', 'It is open.'], ...waiting }],
    sources: [
      {
        key: 3,
        input: 'app',
        path: '/a.log',
        currentPath: '/a.log.1',
        open: true,
        pausedBy: ['dead-letters full'],
        stuckIn: [{ output: 'kafka', why: 'LC_X topic a does not exist. Create it.' }],
        start: 2,
        position: 6,
        size: 12,
        again: 1,
        seen: now,
        account,
        meta: {},
      },
    ],
    account,
  };
  expect(reportText(report, 'prod.yaml', now)).toBe(`/a.log.1: a file of 10 bytes
input app reads it
  It was renamed.
  It is open.
input app is waiting: for output kafka to start. Wait.
source 3 of app: position 6 of 12, begun at 2, 1 byte to come again, paused: dead-letters full, found as /a.log, open
  it waits for output kafka: LC_X topic a does not exist. Create it.
bytes, of all files that were read at this path:
   4  delivered
   6  pending
  --
  10  discovered`);
});

test('one that has gone, while no agent runs; a name cannot forge lines', () => {
  const ended = {
    at: now - 60_000,
    how: 'truncated',
    position: 4,
    account: { ...account, pending: 0, abandoned: { truncated: 6 } },
  };
  const history = { component: 'app\nx', path: '/a.log', account: ended.account, ends: [ended] };
  const report = { ...nothing, running: false, ended: [history], account: ended.account };
  const lines = reportText(report, 'prod.yaml', now).split('\n');
  expect(lines.slice(1, 3)).toEqual([
    'no agent runs: this is what is stored',
    'a source of app x ended 1m ago: truncated at position 4, 10 bytes discovered, 6 bytes abandoned',
  ]);
});

test('before the first run the file says what would be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'logcatch-explain-'));
  const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
    printed.mockRestore();
    process.exitCode = 0;
  });
  const file = join(folder, 'prod.yaml');
  const yaml = `
config: { list: { type: etcd, endpoints: "127.0.0.1:1", key: k } }
inputs:
  app: { type: file-tail, paths: ./logs/*.log*, exclude: ["*.tmp"] }
  far: { type: file-tail, each: "\${list}", paths: ["\${each.path}"] }
outputs: { screen: { type: console } }`;
  writeFileSync(file, yaml);
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs/a.log.1.gz'), '');
  const said = async (name: string) => {
    await explain(file, join(folder, name), {});
    return { code: process.exitCode, text: printed.mock.lastCall![0] as string };
  };
  expect(await said('logs/a.log.1.gz')).toEqual({
    code: 0,
    text: expect.stringContaining('\ninput app would read it (./logs/*.log*)\nnothing is stored under this path yet'),
  });
  expect(await said('logs/a.log.tmp')).toEqual({
    code: 1,
    text: expect.stringContaining(
      'whether input far would read it is not known here: it takes values from list\nno other input would read it',
    ),
  });
});
