import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlakyOutput } from './flaky-output.ts';
import { HandClock } from './hand-clock.ts';
import { LogFolder } from './log-folder.ts';
import { memoryBatch } from './memory-batch.ts';
import { outputContract } from './output-contract.ts';

describe('LogFolder', () => {
  let logs: LogFolder;
  beforeEach(() => {
    logs = new LogFolder();
  });
  afterEach(() => logs.clean());

  test('rotate by rename: every file moves on by one', () => {
    for (const line of ['one', 'two', 'three']) {
      logs.append('app.log', line);
      logs.rotate('app.log');
    }
    expect(logs.names()).toEqual(['app.log.1', 'app.log.2', 'app.log.3']);
    expect(['app.log', 'app.log.1', 'app.log.2', 'app.log.3'].map((name) => logs.lines(name))).toEqual([
      [],
      ['three'],
      ['two'],
      ['one'],
    ]);
  });

  test('copytruncate, truncate, a line in pieces, folders, removal', () => {
    logs.append('app/a.log', 'one');
    logs.copyTruncate('app/a.log');
    logs.write('app/a.log', 'tw');
    logs.write('app/a.log', 'o\nthree');
    expect([logs.lines('app/a.log.1'), logs.lines('app/a.log')]).toEqual([['one'], ['two', 'three']]);
    logs.truncate('app/a.log', 4);
    expect(logs.lines('app/a.log')).toEqual(['two']);
    logs.remove('app/a.log.1');
    expect(existsSync(logs.file('app/a.log.1'))).toBe(false);
  });
});

describe('FlakyOutput', () => {
  const suite = outputContract(async () => {
    const output = new FlakyOutput();
    output.refuse((text) => text === 'bad');
    return {
      create: () => output,
      written: async () => output.written,
      fail: async () => output.fail(),
      heal: async () => output.heal(),
      refused: 'bad',
    };
  });
  for (const { name, run } of suite) test(name, run);

  test('fails so many times', async () => {
    const output = new FlakyOutput();
    output.fail(2);
    const batch = await memoryBatch(['one']);
    const { signal } = new AbortController();
    for (let i = 0; i < 2; i++) await expect(output.write(batch, signal)).rejects.toThrow('the target is away');
    await output.write(batch, signal);
    expect(output).toMatchObject({ written: ['one'], failures: 2 });
  });
});

test('HandClock: what is due is done, in order, and what is called off is not', async () => {
  const clock = new HandClock();
  const done: string[] = [];
  clock.after(20, () => done.push(`second at ${clock.now()}`));
  clock.after(10, () => done.push(`first at ${clock.now()}`));
  clock.after(15, () => done.push('never'))();
  await clock.pass(19);
  expect(done).toEqual(['first at 10']);
  await clock.pass(1);
  expect(done).toEqual(['first at 10', 'second at 20']);
});
