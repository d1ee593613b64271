import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigSource, LogcatchError } from '@logcatch/plugin-api';
import { fakeConfigContext } from '@logcatch/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import plugin from './index.ts';

const { signal } = new AbortController();
let folder: string;
let context: ReturnType<typeof fakeConfigContext>;
let source: ConfigSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-ini-'));
  context = fakeConfigContext({ folder });
  source = plugin.definition.create({ path: './agent.ini' }, context);
});

afterEach(async () => {
  await source.stop();
  await rm(folder, { recursive: true });
});

const write = (content: string | Uint8Array) => writeFile(join(folder, 'agent.ini'), content);

async function load() {
  const loaded = await source.load(signal);
  if (!('texts' in loaded)) throw new Error('no texts');
  return loaded;
}

async function refusal(): Promise<string> {
  const error = await source.load(signal).then(
    () => undefined,
    (reason: LogcatchError) => reason,
  );
  return error?.describe().replaceAll(folder, '') ?? 'accepted';
}

test('holds the texts of the file, each with its place', async () => {
  await write('\uFEFF[etcd]\r\naddress = etcd:2379\r\n\r\n[kafka]\r\n  topic = app ; as before\r\n');
  const { texts, originOf } = await load();
  expect(texts).toEqual({ etcd: { address: 'etcd:2379' }, kafka: { topic: 'app' } });
  expect(originOf(['etcd'])).toEqual({ file: './agent.ini', line: 1, column: 1 });
  expect(originOf(['kafka', 'topic'])).toEqual({ file: './agent.ini', line: 5, column: 3 });
});

test('tells what cannot be used', async () => {
  expect(await refusal()).toContain('./agent.ini LC_SOURCE_ABSENT there is no file /agent.ini.');
  await write('');
  expect(await refusal()).toContain('./agent.ini LC_SOURCE_BAD it is empty.');
  await write(Buffer.from('a=1\nb=\xe9\n', 'latin1'));
  expect(await refusal()).toContain('./agent.ini:2 LC_SOURCE_BAD it is not UTF-8 text.');
  await write('a=1\n[kafka\n');
  expect(await refusal()).toContain('./agent.ini:2:1 LC_SOURCE_BAD a section looks like `[name]`, alone on its line.');
});

test('notices changes', async () => {
  await write('a=1');
  await source.start(signal);
  expect((await load()).texts).toEqual({ a: '1' });
  await writeFile(join(folder, 'new'), 'a=2');
  await rename(join(folder, 'new'), join(folder, 'agent.ini'));
  await vi.waitFor(() => expect(context.changes).toBe(1), { timeout: 50_000 });
  expect((await load()).texts).toEqual({ a: '2' });
  await source.stop();
  await source.stop();
});
