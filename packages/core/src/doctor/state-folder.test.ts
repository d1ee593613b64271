import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '@logcatch/plugin-api';
import { expect, onTestFinished, test } from 'vitest';
import { ControlServer } from '../control/control.ts';
import { stateFolder } from './state-folder.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'logcatch-doctor-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function findings(dataDir: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for await (const finding of stateFolder(dataDir, '/etc/prod.yaml')) found.push(finding);
  return found;
}

test('one that is not there can be made, and is not', async () => {
  const top = folder();
  const found = await findings(join(top, 'a/b'));
  expect(found[0]).toEqual({ level: 'ok', what: `data_dir is ${join(top, 'a/b')}, which can be made in ${top}` });
  expect(found.at(-1)).toEqual({ level: 'ok', what: 'no agent runs there' });
  expect(readdirSync(top)).toEqual([]);
});

test('a file is none', async () => {
  const file = join(folder(), 'x');
  writeFileSync(file, '');
  expect(await findings(file)).toMatchObject([{ level: 'problem', what: expect.stringContaining('is no folder') }]);
});

test('whose agent runs there', async () => {
  const dataDir = join(folder(), 'state');
  mkdirSync(dataDir);
  let file = '/etc/prod.yaml';
  const server = await ControlServer.open(dataDir, { 'GET /status': () => ({ pid: 7, file }) });
  onTestFinished(() => server.close());
  expect((await findings(dataDir)).at(-1)).toEqual({ level: 'ok', what: 'its agent runs (pid 7)' });
  file = '/etc/other.yaml';
  expect((await findings(dataDir)).at(-1)).toMatchObject({
    level: 'problem',
    what: 'the agent of /etc/other.yaml (pid 7) uses this data_dir',
  });
});
