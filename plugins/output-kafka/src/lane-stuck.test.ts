import { BufferPool } from '@logcatch/core';
import { batchOf, LogcatchError, Stuck } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failureOf } from './codes.ts';
import { SendFailure } from './failure.ts';
import { Recorder, TextBuilder, type Texts } from './fixtures/texts.ts';
import type { Lane } from './lane.ts';
import { idleAfterMs, Lanes, type LanesSettings } from './lanes.ts';
import type { RecordBatch, Sender } from './sender.ts';

const pool = new BufferPool(1 << 30);
const [source] = new MemorySources().open([{ path: 'a', meta: {} }]);
const { signal } = new AbortController();

beforeEach(
  () =>
    void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] }),
);
afterEach(() => void vi.useRealTimers());

async function recorder(...texts: string[]): Promise<Recorder> {
  return new Recorder(await batchOf(source!, texts, { start: 0, buffers: pool, signal }));
}

/** A sender whose answers the test gives. */
class Broker implements Sender<Texts> {
  readonly sent: RecordBatch<Texts>[] = [];
  answer: (records: RecordBatch<Texts>) => Promise<bigint> = async () => 0n;
  isReady = true;
  #producers = 1;

  async identify() {
    return { id: String(this.#producers), epoch: 0 };
  }

  forget(): void {
    this.#producers++;
  }

  async send(_topic: string, _partition: number, records: RecordBatch<Texts>): Promise<bigint> {
    this.sent.push(records);
    return this.answer(records);
  }

  async ready(): Promise<void> {
    if (!this.isReady) throw new SendFailure('LC_OUTPUT_FAILED', 'the partition has no leader');
  }
}

function lanesOf(sender: Sender<Texts>, settings: Partial<LanesSettings<Texts>> = {}) {
  const closed: string[] = [];
  const troubles = new Map<string, SendFailure>();
  const lanes = new Lanes<Texts>({
    sender,
    encoding: { builder: (limit) => new TextBuilder(limit), release: () => {} },
    linger: 0,
    batchBytes: 20,
    inFlight: 1,
    movable: false,
    closed: (topic) => closed.push(topic),
    troubles: { set: (name, failure) => troubles.set(name, failure), clear: (name) => troubles.delete(name) },
    log: { warn: () => {} },
    backoff: () => 1000,
    ...settings,
  });
  lanes.start();
  return { lanes, closed, troubles };
}

const reasonOf = ({ reason }: Recorder) => {
  expect(reason).toBeInstanceOf(Stuck);
  return reason as Stuck;
};

/** What becomes of a record whose source comes again as often as it may. */
async function insist(lane: Lane<Texts>, text: string): Promise<Recorder> {
  for (;;) {
    const slice = await recorder(text);
    lane.push(slice);
    await slice.done;
    if (!(slice.reason instanceof Stuck)) return slice;
    await slice.reason.over;
  }
}

/** Whether the sources may come again. */
async function isOver({ over }: Stuck): Promise<boolean> {
  return Promise.race([over.then(() => true), vi.advanceTimersByTimeAsync(0).then(() => false)]);
}

test('a lane without an answer keeps what may have been appended, and gives back all else', async () => {
  const broker = new Broker();
  const answer = Promise.withResolvers<bigint>();
  broker.answer = () => answer.promise;
  const { lanes, troubles } = lanesOf(broker, { leader: (topic, partition) => `${topic}-${partition}.example:9092` });
  const lane = lanes.get('logs', 0);
  const [first, second, third] = [await recorder('one'), await recorder('two'), await recorder('three')];
  lane.push(first);
  await vi.advanceTimersByTimeAsync(10);
  lane.push(second);
  await vi.advanceTimersByTimeAsync(4000);
  expect(second.answers).toEqual([undefined]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(second.answers).toEqual(['returned']);
  expect(reasonOf(second).reason).toMatchObject({ code: 'LC_OUTPUT_UNREACHABLE' });
  expect(troubles.get('logs-0')?.message).toBe('the leader of the partition, logs-0.example:9092, does not answer');
  lane.push(third);
  expect(third.answers).toEqual(['returned']);
  expect(await isOver(reasonOf(third))).toBe(false);
  answer.resolve(7n);
  await vi.advanceTimersByTimeAsync(0);
  expect(first.answers).toEqual([7n]);
  expect(await isOver(reasonOf(second))).toBe(true);
  expect(troubles.size).toBe(0);
  lanes.close('the end');
});

test('a lane that may not write keeps nothing; now and then it tries with one slice, until it works', async () => {
  const broker = new Broker();
  broker.answer = async () => Promise.reject(failureOf(29));
  const { lanes } = lanesOf(broker);
  const lane = lanes.get('logs', 0);
  const slices = [await recorder('one'), await recorder('two')];
  for (const slice of slices) lane.push(slice);
  await vi.advanceTimersByTimeAsync(10);
  expect(slices.map(({ answers }) => answers)).toEqual([['returned'], ['returned']]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await isOver(reasonOf(slices[0]!))).toBe(true);
  const [again, other] = [await recorder('one'), await recorder('two')];
  const before = broker.sent.length;
  lane.push(again);
  lane.push(other);
  await vi.advanceTimersByTimeAsync(10);
  expect(broker.sent).toHaveLength(before + 1);
  expect([again.answers, other.answers]).toEqual([['returned'], ['returned']]);
  broker.answer = async () => 3n;
  await vi.advanceTimersByTimeAsync(1000);
  expect(await isOver(reasonOf(again))).toBe(true);
  const last = await recorder('one');
  lane.push(last);
  await vi.advanceTimersByTimeAsync(10);
  expect(last.answers).toEqual([3n]);
  lanes.close('the end');
});

test('sources do not come again while the partition has no leader', async () => {
  const broker = new Broker();
  broker.isReady = false;
  broker.answer = async () => Promise.reject(new SendFailure('LC_OUTPUT_FAILED', 'the partition has no leader'));
  const { lanes } = lanesOf(broker);
  const slice = await recorder('one');
  lanes.get('logs', 0).push(slice);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(await isOver(reasonOf(slice))).toBe(false);
  broker.isReady = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(await isOver(reasonOf(slice))).toBe(true);
  lanes.close('the end');
});

test('dead_letter_after: what waits too long is refused, and the lane goes on trying', async () => {
  const broker = new Broker();
  broker.answer = async () => Promise.reject(failureOf(29));
  const { lanes } = lanesOf(broker, { deadLetterAfter: 60_000 });
  const lane = lanes.get('logs', 0);
  const first = insist(lane, 'one');
  await vi.advanceTimersByTimeAsync(61_000);
  expect((await first).answers).toEqual([expect.any(LogcatchError)]);
  const slices = [await recorder('one'), await recorder('two')];
  for (const slice of slices) lane.push(slice);
  await vi.advanceTimersByTimeAsync(2000);
  for (const { answers } of slices) expect(answers).toEqual([expect.any(LogcatchError)]);
  broker.answer = async () => 5n;
  const last = await recorder('last');
  lane.push(last);
  await vi.advanceTimersByTimeAsync(2000);
  expect(last.answers).toEqual([5n]);
  lanes.close('the end');
});

test('what may go to any partition comes again at once, for another one', async () => {
  const broker = new Broker();
  broker.answer = async () => Promise.reject(failureOf(29));
  const { lanes } = lanesOf(broker, { movable: true });
  const lane = lanes.choose('logs', 2, 'sticky');
  const slice = await recorder('one');
  lane.push(slice);
  await vi.advanceTimersByTimeAsync(7000);
  expect(await isOver(reasonOf(slice))).toBe(true);
  expect(lanes.choose('logs', 2, 'sticky')).not.toBe(lane);
  lanes.close('the end');
});

test('an idle lane closes, and a later one goes on with its sequence numbers', async () => {
  const broker = new Broker();
  const { lanes, closed } = lanesOf(broker);
  lanes.get('logs', 0).push(await recorder('one', 'two'));
  await vi.advanceTimersByTimeAsync(idleAfterMs + 2000);
  expect(closed).toEqual(['logs']);
  lanes.get('logs', 0).push(await recorder('three'));
  await vi.advanceTimersByTimeAsync(10);
  expect(broker.sent.map(({ producer, sequence }) => [producer.id, sequence])).toEqual([
    ['1', 0],
    ['1', 2],
  ]);
  // Brokers may have forgotten the producer, or not: another one is safe.
  await vi.advanceTimersByTimeAsync(idleAfterMs + 25 * 3_600_000);
  lanes.get('logs', 0).push(await recorder('four'));
  await vi.advanceTimersByTimeAsync(10);
  expect(broker.sent.at(-1)).toMatchObject({ producer: { id: '2' }, sequence: 0 });
  lanes.close('the end');
});

test('a lane that left its producer and became idle: a later one does not begin anew with it', async () => {
  const broker = new Broker();
  const { lanes } = lanesOf(broker);
  const lane = lanes.get('logs', 0);
  lane.push(await recorder('one'));
  await vi.advanceTimersByTimeAsync(10);
  const failures = [
    new SendFailure('LC_OUTPUT_UNREACHABLE', 'the request timed out', { unknown: true }),
    new SendFailure('LC_OUTPUT_FAILED', 'no such partition', { remedy: 'give back' }),
  ];
  broker.answer = async () => Promise.reject(failures.shift());
  const lost = await recorder('two');
  lane.push(lost);
  await vi.advanceTimersByTimeAsync(2000);
  expect(lost.answers).toEqual(['returned']);
  await vi.advanceTimersByTimeAsync(idleAfterMs + 2000);
  expect(lanes.all).toEqual([]);
  broker.answer = async () => 1n;
  lanes.get('logs', 0).push(await recorder('three'));
  await vi.advanceTimersByTimeAsync(10);
  expect(broker.sent.at(-1)).toMatchObject({ producer: { id: '2' }, sequence: 0 });
  lanes.close('the end');
});

test('sources that may have nothing more for a stuck lane come again after a minute; when none comes, it is nobody’s trouble', async () => {
  const broker = new Broker();
  broker.isReady = false;
  broker.answer = async () => Promise.reject(failureOf(29));
  const { lanes, troubles } = lanesOf(broker);
  const slice = await recorder('one');
  lanes.get('logs', 0).push(slice);
  await vi.advanceTimersByTimeAsync(55_000);
  expect(await isOver(reasonOf(slice))).toBe(false);
  expect(troubles.size).toBe(1);
  await vi.advanceTimersByTimeAsync(7000);
  expect(await isOver(reasonOf(slice))).toBe(true);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(troubles.size).toBe(0);
  lanes.close('the end');
});

test('dead_letter_after does not count the time in which there were no records', async () => {
  const broker = new Broker();
  broker.answer = async () => Promise.reject(failureOf(19));
  const { lanes } = lanesOf(broker, { deadLetterAfter: 60_000 });
  const lane = lanes.get('logs', 0);
  const unwanted = await recorder('one');
  lane.push(unwanted);
  await vi.advanceTimersByTimeAsync(2000);
  lane.withdraw(unwanted, 'its input is removed');
  await vi.advanceTimersByTimeAsync(120_000);
  broker.answer = async () => 0n;
  const slices = [await recorder('two'), await recorder('three')];
  for (const slice of slices) lane.push(slice);
  await vi.advanceTimersByTimeAsync(10);
  expect(slices.map(({ answers }) => answers)).toEqual([[0n], [0n]]);
  lanes.close('the end');
});
