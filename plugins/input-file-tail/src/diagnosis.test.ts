import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '@logcatch/plugin-api';
import { fakeInputContext } from '@logcatch/testing';
import { expect, onTestFinished, test } from 'vitest';
import { diagnose } from './diagnosis.ts';
import { options } from './options.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'logcatch-doctor-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function findings(at: string, ...paths: (string | string[])[]) {
  const context = fakeInputContext({ folder: at });
  const examined = paths.map((path) => ({ options: options.parse({ paths: path }), context, attributes: [] }));
  const found: Finding[] = [];
  for await (const finding of diagnose(examined, new AbortController().signal)) found.push(finding);
  return found;
}

test('files of all inputs count once, and what matches nothing is told', async () => {
  const at = folder();
  for (const name of ['a.log', 'b.log']) writeFileSync(join(at, name), '');
  const found = await findings(at, './*.log', './a.log', './none/*.log');
  expect(found).toMatchObject([
    { level: 'warning', what: expect.stringContaining('no file matches ./none/*.log') },
    { level: 'ok', what: '2 files in 1 folder match' },
    { level: 'ok', what: expect.stringContaining('all can be read by') },
    { what: expect.stringContaining('a process may open') },
    ...(process.platform === 'linux' ? [{ what: expect.stringContaining('2 folders to watch') }] : []),
  ]);
});

test('a folder that is not there is told where another pattern of the input matches', async () => {
  const at = folder();
  writeFileSync(join(at, 'a.log'), '');
  const found = await findings(at, ['./*.log', './typo/*.log', './typo/b.log', './b*.log']);
  expect(found.filter(({ level }) => level !== 'ok')).toMatchObject([
    { level: 'warning', what: expect.stringMatching(/: there is no folder .*\/typo$/) },
  ]);
  expect(found).toContainEqual({ level: 'ok', what: '1 file in 1 folder match' });
});

test('rotated files beside a matched one that no pattern leads to', async () => {
  const at = folder();
  for (const name of ['a.log', 'a.log.1', 'a.log.2.gz', 'a.log-20260101', 'a.log.gz', 'b.log.1', 'a.log.tmp'])
    writeFileSync(join(at, name), '');
  const said = (found: Finding[]) => found.filter(({ what }) => what.includes('not matched'));
  expect(said(await findings(at, './*.log'))).toMatchObject([
    {
      level: 'warning',
      what: expect.stringContaining('4 rotated files beside a matched one are not matched, such as '),
      hint: expect.stringContaining('let the pattern lead to them (a.log*)'),
    },
  ]);
  expect(said(await findings(at, './*.log*'))).toEqual([]);
});

test('what is no file is a problem', async () => {
  const at = folder();
  mkdirSync(join(at, 'a.log'));
  expect(await findings(at, './a.log')).toContainEqual(
    expect.objectContaining({ level: 'problem', what: expect.stringContaining('a.log is a folder') }),
  );
});

test.skipIf(process.getuid?.() === 0)('so is what cannot be read, with how to change that', async () => {
  const at = folder();
  writeFileSync(join(at, 'a.log'), '');
  chmodSync(join(at, 'a.log'), 0);
  expect(await findings(at, './*.log')).toContainEqual(
    expect.objectContaining({ level: 'problem', hint: expect.stringContaining('setfacl') }),
  );
});
