import { BufferPool } from '@logcatch/core';
import { batchOf, type Stuck } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { failureOf } from './codes.ts';
import { SendFailure } from './failure.ts';
import { ModelPartition } from './fixtures/model-cluster.ts';
import { Recorder, TextBuilder, type Texts } from './fixtures/texts.ts';
import { Lane } from './lane.ts';
import type { LaneSettings } from './lane-settings.ts';
import type { Encoding, Producer, RecordBatch, Sender } from './sender.ts';

/** What the broker does with one request. `lost` = appended, but the answer never comes. */
type Fault = 'none' | 'lost' | 'timeout' | 'replicas' | 'unreachable' | 'forgets';

/** A broker with one partition, to which one record batch is on its way at a time. */
class ModelBroker implements Sender<Texts> {
  readonly sent: RecordBatch<Texts>[] = [];
  readonly #partition: ModelPartition;
  readonly #faults: Fault[];
  #producers = 0;
  #busy = false;

  constructor(faults: readonly Fault[] = [], limit = Number.POSITIVE_INFINITY) {
    this.#faults = [...faults];
    this.#partition = new ModelPartition(limit);
  }

  get log(): readonly string[] {
    return this.#partition.log;
  }

  async identify(fresh: boolean): Promise<Producer> {
    if (fresh || this.#producers === 0) this.#producers++;
    return { id: String(this.#producers), epoch: 0 };
  }

  async ready(): Promise<void> {}

  forget(): void {}

  async send(_topic: string, _partition: number, records: RecordBatch<Texts>): Promise<bigint> {
    expect(this.#busy, 'two sends at once').toBe(false);
    this.#busy = true;
    await new Promise((resolve) => setImmediate(resolve));
    this.#busy = false;
    this.sent.push(records);
    const fault = this.#faults.shift() ?? 'none';
    const timeout = new SendFailure('LC_OUTPUT_UNREACHABLE', 'the request timed out', { unknown: true });
    if (fault === 'unreachable') throw new SendFailure('LC_OUTPUT_UNREACHABLE', 'cannot reach it');
    if (fault === 'timeout') throw timeout;
    if (fault === 'replicas') throw failureOf(19);
    if (fault === 'forgets') this.#partition.lose(records.producer);
    const offset = this.#partition.append(records);
    if (fault === 'lost') throw timeout;
    return offset;
  }
}

const pool = new BufferPool(1 << 30);
const sources = new MemorySources().open(['a', 'b'].map((path) => ({ path, meta: {} })));
const { signal } = new AbortController();

async function recorder(texts: readonly string[], source = 0): Promise<Recorder> {
  return new Recorder(await batchOf(sources[source]!, texts, { start: 0, buffers: pool, signal }));
}

function laneOf(sender: Sender<Texts>, settings: Partial<LaneSettings<Texts>> = {}) {
  const troubles = new Map<string, SendFailure>();
  const warnings: string[] = [];
  const encoding: Encoding<Texts> = { builder: (limit) => new TextBuilder(limit), release: () => {} };
  const lane = new Lane('logs', 0, {
    sender,
    encoding,
    linger: 0,
    batchBytes: 20,
    inFlight: 1,
    troubles: { set: (name, failure) => troubles.set(name, failure), clear: (name) => troubles.delete(name) },
    log: { warn: (message) => warnings.push(message) },
    backoff: () => 0,
    ...settings,
  });
  return { lane, troubles, warnings };
}

describe('a lane', () => {
  test('gathers slices of several sources into one record batch, up to its size', async () => {
    const broker = new ModelBroker();
    const { lane } = laneOf(broker, { linger: 5 });
    const slices = [await recorder(['a1', 'a2']), await recorder(['b1'], 1), await recorder(['x'.repeat(15), 'last'])];
    for (const slice of slices) lane.push(slice);
    await Promise.all(slices.map(({ done }) => done));
    expect(broker.sent.map(({ payload }) => payload)).toEqual([
      ['a1', 'a2', 'b1'],
      ['x'.repeat(15), 'last'],
    ]);
    expect(slices.map(({ answers }) => answers)).toEqual([[0n, 1n], [2n], [3n, 4n]]);
  });

  test.each(Array.from({ length: 12 }, (_, linger) => linger))(
    'sends in time, however the clock goes on meanwhile (%i ms)',
    async (linger) => {
      let now = 0;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => now++);
      onTestFinished(() => clock.mockRestore());
      const { lane } = laneOf(new ModelBroker(), { linger });
      for (const text of ['one', 'two']) {
        const slice = await recorder([text]);
        lane.push(slice);
        await slice.done;
      }
    },
  );

  test('sends the same object again while it may have been appended', async () => {
    const broker = new ModelBroker(['lost', 'timeout', 'replicas', 'unreachable']);
    const retried = vi.fn();
    const { lane } = laneOf(broker, { retried });
    const first = await recorder(['one']);
    const second = await recorder(['two'], 1);
    lane.push(first);
    await new Promise((resolve) => setImmediate(resolve));
    lane.push(second);
    await Promise.all([first.done, second.done]);
    expect(broker.log).toEqual(['one', 'two']);
    expect(broker.sent.slice(0, 5).every((records) => records === broker.sent[0])).toBe(true);
    expect(first.answers).toEqual([0n]);
    expect(retried).toHaveBeenCalledTimes(4);
    expect(lane.figures.retries).toBe(4);
  });

  test('stamps sequence numbers without gaps, also after refusals', async () => {
    const broker = new ModelBroker(['replicas'], 8);
    const { lane } = laneOf(broker);
    const slice = await recorder(['aa', 'bb', 'x'.repeat(9), 'cc', 'poison', 'dd']);
    lane.push(slice);
    await slice.done;
    expect(broker.log).toEqual(['aa', 'bb', 'cc', 'dd']);
    expect(slice.answers.map((answer) => (typeof answer === 'object' ? answer.code : answer))).toEqual([
      0n,
      1n,
      'LC_RECORD_REFUSED',
      2n,
      'LC_RECORD_REFUSED',
      3n,
    ]);
  });

  test('takes a new producer when the broker has lost its state, and says that records may be repeated', async () => {
    const broker = new ModelBroker(['none', 'timeout', 'forgets']);
    const { lane, warnings } = laneOf(broker);
    for (const text of ['one', 'two', 'three']) {
      const slice = await recorder([text]);
      lane.push(slice);
      await slice.done;
    }
    expect(broker.log).toEqual(['one', 'two', 'three']);
    expect(broker.sent.at(-1)!.producer.id).toBe('2');
    expect(warnings).toHaveLength(1);
  });

  test('tells people what it waits for, and when it is over', async () => {
    const broker = new ModelBroker();
    const { lane, troubles } = laneOf(broker, { backoff: () => 20 });
    broker.send = async () => Promise.reject(failureOf(29));
    const slice = await recorder(['one']);
    lane.push(slice);
    await expect.poll(() => troubles.get('logs-0')?.code).toBe('LC_OUTPUT_FORBIDDEN');
    broker.send = async () => 7n;
    await slice.done;
    await (slice.reason as Stuck).over;
    const again = await recorder(['one']);
    lane.push(again);
    await again.done;
    expect(again.answers).toEqual([7n]);
    expect(troubles.size).toBe(0);
  });

  test('gives back at once what was not sent; what is on its way when its outcome is known', async () => {
    const broker = new ModelBroker();
    const answers: { resolve(offset: bigint): void; reject(error: unknown): void }[] = [];
    broker.send = () => new Promise((resolve, reject) => answers.push({ resolve, reject }));
    const { lane } = laneOf(broker);
    const slices = [await recorder(['one', 'y'.repeat(19)]), await recorder(['two'], 1)];
    for (const slice of slices) lane.push(slice);
    await expect.poll(() => answers.length).toBe(1);
    for (const slice of slices) lane.withdraw(slice, 'stop');
    expect(slices.map(({ answers }) => [...answers])).toEqual([[undefined, 'returned'], ['returned']]);
    answers[0]!.reject(failureOf(19));
    await slices[0]!.done;
    expect(slices[0]!.answers).toEqual(['returned', 'returned']);
  });

  test('gives back everything when it closes, also what comes later', async () => {
    const broker = new ModelBroker();
    broker.send = () => new Promise(() => {});
    const { lane } = laneOf(broker);
    const slices = [await recorder(['one']), await recorder(['two'])];
    lane.push(slices[0]!);
    await new Promise((resolve) => setImmediate(resolve));
    lane.close('the end');
    lane.push(slices[1]!);
    expect(slices.map(({ answers }) => answers)).toEqual([['returned'], ['returned']]);
  });

  test('gives back everything when its partition has gone', async () => {
    const broker = new ModelBroker();
    broker.send = async () =>
      Promise.reject(new SendFailure('LC_OUTPUT_FAILED', 'no such partition', { remedy: 'give back' }));
    const { lane } = laneOf(broker);
    const slice = await recorder(['one', 'two']);
    lane.push(slice);
    await slice.done;
    expect(slice.answers).toEqual(['returned', 'returned']);
  });
});
