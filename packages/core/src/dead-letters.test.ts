import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchOf, LogcatchError } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { DeadLetters } from './dead-letters.ts';
import { BufferPool } from './pool.ts';

const reason = new LogcatchError('LC_RECORD_REFUSED', 'too large');
const source = { key: 1, input: 'app', path: '/a.log', attributes: { topic: 't' }, position: 0 };

async function letters(bytes: number) {
  const folder = mkdtempSync(join(tmpdir(), 'logcatch-letters-'));
  const values = ['text', Buffer.from([0xff, 0x00, 0xfe])];
  const batch = await batchOf(source, values, {
    start: 0,
    buffers: new BufferPool(1 << 20),
    signal: new AbortController().signal,
  });
  return { folder, batch, dead: new DeadLetters(folder, bytes) };
}

test('each record stands with reason, origin and its exact bytes', async () => {
  const { folder, batch, dead } = await letters(1 << 20);
  await dead.add('kafka', batch, [
    { index: 0, reason },
    { index: 1, reason },
  ]);
  const entries = readFileSync(dead.path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(entries).toMatchObject([
    {
      output: 'kafka',
      code: 'LC_RECORD_REFUSED',
      reason: 'too large',
      input: 'app',
      path: '/a.log',
      offset: 0,
      value: 'text',
    },
    { offset: 1, value_base64: '/wD+', attributes: { topic: 't' } },
  ]);
  rmSync(folder, { recursive: true });
});

test('full, it takes nothing more', async () => {
  const { folder, batch, dead } = await letters(300);
  await dead.add('kafka', batch, [{ index: 0, reason }]);
  await expect(dead.add('kafka', batch, [{ index: 0, reason }])).rejects.toMatchObject({
    code: 'LC_DEAD_LETTERS_FULL',
  });
  expect(readFileSync(dead.path, 'utf8').trim().split('\n')).toHaveLength(1);
  rmSync(folder, { recursive: true });
});
