import { BufferPool } from '@logcatch/core';
import { batchOf, Stuck } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { failureOf } from './codes.ts';
import type { SendFailure } from './failure.ts';
import { doubtful, type Fault, ModelCluster, refusals, turns } from './fixtures/model-cluster.ts';
import { Recorder, TextBuilder, type Texts } from './fixtures/texts.ts';
import { Lanes, type LanesSettings } from './lanes.ts';
import type { RecordBatch, Sender } from './sender.ts';

const pool = new BufferPool(1 << 30);
const [source] = new MemorySources().open([{ path: 'a', meta: {} }]);
const { signal } = new AbortController();

async function recorder(...texts: string[]): Promise<Recorder> {
  return new Recorder(await batchOf(source!, texts, { start: 0, buffers: pool, signal }));
}

/** Lanes that a transaction uses, and why it became void each time. */
function lanesOf(sender: Sender<Texts>, settings: Partial<LanesSettings<Texts>> = {}) {
  const voided: SendFailure[] = [];
  const lanes: Lanes<Texts> = new Lanes<Texts>({
    sender,
    encoding: { builder: (limit) => new TextBuilder(limit), release: () => {} },
    linger: 0,
    batchBytes: 20,
    inFlight: 1,
    movable: false,
    closed: () => {},
    troubles: { set: () => {}, clear: () => {} },
    log: { warn: () => {} },
    giveUp: (failure) => {
      voided.push(failure);
      lanes.void(failure);
    },
    ...settings,
  });
  return { lanes, voided };
}

describe('a lane of a transaction that is stuck', () => {
  afterEach(() => void vi.useRealTimers());

  /** One partition answers as the test says, the others at once. */
  class Broker implements Sender<Texts> {
    answer: () => Promise<bigint> = () => new Promise(() => {});
    broken = [0];
    isReady = false;

    async identify() {
      return { id: '1', epoch: 0 };
    }
    forget(): void {}
    send(_topic: string, partition: number, _records: RecordBatch<Texts>): Promise<bigint> {
      return this.broken.includes(partition) ? this.answer() : Promise.resolve(0n);
    }
    async ready(): Promise<void> {
      if (!this.isReady) throw failureOf(5);
    }
  }

  test('gives back all, also what may have been appended, and holds its sources up until it works', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
    const broker = new Broker();
    const { lanes, voided } = lanesOf(broker, { backoff: () => 1000 });
    lanes.start();
    const [first, second, other] = [await recorder('one'), await recorder('two'), await recorder('three')];
    lanes.get('logs', 0).push(first);
    await vi.advanceTimersByTimeAsync(10);
    lanes.get('logs', 0).push(second);
    lanes.get('logs', 1).push(other);
    await vi.advanceTimersByTimeAsync(7000);
    expect(voided).toHaveLength(1);
    for (const { answers } of [first, second]) expect(answers).toEqual(['returned']);
    expect(first.reason).toBeInstanceOf(Stuck);
    expect(other.answers).toEqual([0n]);

    let over = false;
    void (first.reason as Stuck).over.then(() => {
      over = true;
    });
    lanes.renew();
    const again = await recorder('three');
    lanes.get('logs', 1).push(again);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(again.answers).toEqual([0n]);
    expect({ over, voided: voided.length }).toEqual({ over: false, voided: 1 });

    broker.isReady = true;
    await vi.advanceTimersByTimeAsync(2000);
    expect(over).toBe(true);
    broker.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 3000)); // slowly, but it does
      return 7n;
    };
    const last = await recorder('one');
    lanes.get('logs', 0).push(last);
    await vi.advanceTimersByTimeAsync(4000);
    expect(last.answers).toEqual([7n]);
    expect(voided).toHaveLength(1);
    lanes.close('the end');
  });

  test('others that are stuck too hold their sources up at once; what was just sent comes again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
    const broker = new Broker();
    broker.broken = [0, 1, 2];
    const { lanes, voided } = lanesOf(broker);
    lanes.start();
    const recorders = [await recorder('one'), await recorder('two'), await recorder('three')];
    lanes.get('logs', 0).push(recorders[0]!);
    lanes.get('logs', 1).push(recorders[1]!);
    await vi.advanceTimersByTimeAsync(3000);
    lanes.get('logs', 2).push(recorders[2]!);
    await vi.advanceTimersByTimeAsync(3000);
    expect(voided).toHaveLength(1);
    expect(recorders.map(({ reason }) => reason instanceof Stuck)).toEqual([true, true, false]);
    lanes.close('the end');
  });
});

interface Play {
  readonly faults: readonly Fault[];
  /** Records for a partition, or the end of the transaction. */
  readonly steps: readonly {
    readonly partition: number;
    readonly texts: number;
    readonly end: boolean;
    readonly wait: number;
  }[];
  readonly inFlight: number;
}

const play: fc.Arbitrary<Play> = fc.record({
  faults: fc.array(
    fc.record({
      kind: fc.constantFrom('none', 'none', 'answer', 'silence', 'move', 'unreachable'),
      code: fc.constantFrom(...refusals, ...doubtful).filter((code) => failureOf(code).patience > 0),
      appended: fc.boolean(),
      delay: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 30 },
  ),
  steps: fc.array(
    fc.record({
      partition: fc.integer({ min: 0, max: 2 }),
      texts: fc.integer({ min: 1, max: 8 }),
      end: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      wait: fc.integer({ min: 0, max: 6 }),
    }),
    { minLength: 1, maxLength: 14 },
  ),
  inFlight: fc.integer({ min: 1, max: 5 }),
});

test('whatever brokers do, what was written before a transaction became void is not in the next one', async () => {
  await fc.assert(
    fc.asyncProperty(play, async ({ faults, steps, inFlight }) => {
      const cluster = new ModelCluster(faults, { partitions: 3, nodes: 2 });
      const { lanes } = lanesOf(cluster, { inFlight, backoff: () => 0 });
      await cluster.identify(false);
      let written: Recorder[][] = [[], [], []];
      const given: Recorder[] = [];
      for (const [n, { partition, texts, end, wait }] of steps.entries()) {
        const slice = await recorder(...Array.from({ length: texts }, (_, i) => `record ${n * 100 + i}`));
        given.push(slice);
        written[partition]!.push(slice);
        lanes.get('logs', partition).push(slice);
        await turns(wait);
        if (!end) continue;
        lanes.void('void');
        cluster.abort();
        lanes.renew();
        written = [[], [], []];
      }
      await Promise.all(given.map(({ done }) => done));
      await turns(10);
      for (const [partition, { log }] of cluster.partitions.entries()) {
        const expected = written[partition]!.flatMap(({ batch }) =>
          Array.from({ length: batch.count }, (_, i) => batch.text(i)),
        );
        expect(log).toEqual(expected);
      }
      for (const slice of written.flat()) expect(slice.answers).not.toContain('returned');
      lanes.close('the end');
    }),
    { numRuns: 300 },
  );
});
