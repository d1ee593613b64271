import { rename, truncate, writeFile } from 'node:fs/promises';
import { LogcatchError } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { at, Life, logs, until } from './fixtures/life.ts';

/** An input that reads `a.log`, and whose disk is full from now on. */
async function onFullDisk() {
  await writeFile(at('a.log'), 'one\n');
  const life = (await new Life(logs).start()).pump();
  await until(() => life.lines.length === 1);
  const { sources } = life.ctx;
  let full = true;
  let refused = 0;
  const open = sources.open.bind(sources);
  sources.open = (requests) => {
    if (!full) return open(requests);
    refused++;
    throw new LogcatchError('LC_STATE_WRITE', 'the disk is full');
  };
  const said: (string | null)[] = [];
  life.ctx.degraded = (reason: string | null) => {
    said.push(reason);
  };
  return {
    life,
    said,
    free: () => {
      full = false;
    },
    untilRefused: (times: number) => {
      const before = refused;
      return until(() => refused >= before + times);
    },
  };
}

test('new files wait for room, are counted, and that is not over before they are read', async () => {
  const { life, said, free, untilRefused } = await onFullDisk();
  await rename(at('a.log'), at('a.log.1'));
  await writeFile(at('a.log'), 'two\n');
  await until(() => said.length > 0);
  await writeFile(at('b.log'), 'three\n');
  await until(() => said.length > 1);
  // Looks that open them in vain.
  await untilRefused(5);
  expect(said).toEqual([
    `LC_STATE_WRITE the disk is full: ${at('a.log')} waits`,
    `LC_STATE_WRITE the disk is full: 2 files wait, such as ${at('a.log')}`,
  ]);
  expect(await life.input.explain(at('b.log'))).toMatchObject({
    read: false,
    reasons: [expect.anything(), 'It is not read: LC_STATE_WRITE the disk is full.'],
  });
  free();
  await until(() => life.lines.length === 3 && said.at(-1) === null);
  expect(life.lines.toSorted()).toEqual(['one', 'three', 'two']);
});

test('so does what was written into a file that was truncated', async () => {
  const { life, said, free, untilRefused } = await onFullDisk();
  await truncate(at('a.log'));
  await writeFile(at('a.log'), 'two\n');
  await untilRefused(5);
  expect(said).toEqual([`LC_STATE_WRITE the disk is full: ${at('a.log')} waits`]);
  free();
  await until(() => life.lines.length === 2 && said.at(-1) === null);
  expect(life.lines).toEqual(['one', 'two']);
});
