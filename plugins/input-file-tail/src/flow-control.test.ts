import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { at, Life, logs, until } from './fixtures/life.ts';

describe('flow control', () => {
  test('a paused source gives nothing until it is resumed; others go on', async () => {
    await writeFile(at('a.log'), 'a\n');
    const life = await new Life(logs).start();
    const [source] = life.sources;
    life.input.pause(source!);
    life.input.pause(source!);
    await writeFile(at('b.log'), 'b\n');
    life.pump();
    await until(() => life.lines.length === 1);
    expect(life.lines).toEqual(['b']);
    life.input.resume(source!);
    life.input.resume(source!);
    await until(() => life.lines.length === 2);
  });

  test('a read in flight is thrown away by pause and rewind', async () => {
    await writeFile(at('a.log'), 'one\ntwo\n');
    const life = await new Life(logs, { maxRecords: 1 }).start();
    const [source] = life.sources;
    life.take((await life.read())!);
    const pending = life.read();
    life.input.rewind(source!, 0);
    const batch = (await pending)!;
    expect(batch.start).toBe(0);
    life.take(batch);
    const second = life.read();
    life.input.pause(source!);
    await delay(50);
    expect(life.ctx.buffers.used).toBe(0);
    life.input.resume(source!);
    life.take((await second)!);
    expect(life.lines).toEqual(['one', 'one', 'two']);
  });

  test('rewound into the middle of a line, it gives the rest', async () => {
    await writeFile(at('a.log'), 'one\ntwo\n');
    const life = (await new Life(logs).start()).pump();
    await until(() => life.lines.length === 2);
    life.input.rewind(life.sources[0]!, 5);
    await until(() => life.lines.length === 3);
    expect(life.lines).toEqual(['one', 'two', 'wo']);
    expect(life.batches.at(-1)).toMatchObject({ start: 5, end: 8 });
  });

  test('waits for memory, and gives up waiting when aborted', async () => {
    await writeFile(at('a.log'), 'a\n');
    const life = await new Life(logs).start();
    const taken = life.ctx.buffers.take(life.ctx.buffers.budget);
    const aborting = new AbortController();
    const reading = life.input.read(aborting.signal);
    aborting.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    taken.release();
    life.take((await life.read())!);
    expect(life.lines).toEqual(['a']);
  });

  test('a pending read rejects with the reason of the signal', async () => {
    const life = await new Life(logs).start();
    const aborting = new AbortController();
    const reading = life.input.read(aborting.signal);
    aborting.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await expect(life.input.read(aborting.signal)).rejects.toThrow('enough');
  });

  test('stop is legal before and during start, and twice', async () => {
    await writeFile(at('a.log'), 'a\n');
    const never = new Life(logs);
    await never.stop();
    await never.stop();
    await expect(never.start()).rejects.toThrow();
    const during = new Life(logs);
    const starting = during.start();
    await during.input.stop();
    await expect(starting).rejects.toThrow('the input stops');
  });
});
