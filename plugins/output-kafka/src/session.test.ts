import { describe, expect, test } from 'vitest';
import type { Call } from './call.ts';
import { SendFailure } from './failure.ts';
import { FieldReader } from './fields.ts';
import { Session } from './session.ts';

const { signal } = new AbortController();

/** A coordinator that keeps the book on one id, as Kafka 3.9 does: who lets it end a transaction is not known to it any more. */
class FakeCoordinator {
  readonly asked: string[] = [];
  readonly refused = new Map<string, number>();
  epoch = -1;
  open = false;
  /** Codes for what is asked next. */
  readonly next: number[] = [];

  async ask<T>(call: Call<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    return this.#answer(call) as T;
  }

  #answer({ apiName, body }: Call<unknown>): object {
    const scripted = this.next.shift() ?? 0;
    if (apiName === 'InitProducerId') {
      const last = body.readInt16BE(body.length - 3);
      this.asked.push(`init ${last}`);
      if (scripted) return { code: scripted };
      if (this.open) this.epoch++;
      this.open = false;
      if (last >= 0 && last !== this.epoch) return { code: 47, producer: { id: '-1', epoch: -1 } };
      this.epoch++;
      return { code: 0, producer: { id: '1', epoch: this.epoch, transactionalId: 't' } };
    }
    const fields = new FieldReader(body);
    fields.string();
    fields.int64();
    const code = fields.int16() === this.epoch ? scripted : 47;
    if (apiName === 'EndTxn') {
      this.asked.push(fields.int8() ? 'commit' : 'abort');
      if (code === 0) this.open = false;
      return { code };
    }
    const names = fields.array(() => {
      const topic = fields.string();
      return fields.array(() => [topic, fields.int32()] as const);
    });
    const partitions = names.flat();
    this.asked.push(`add ${partitions.map((each) => each.join('-'))}`);
    this.open ||= code === 0;
    const refused = partitions.some((each) => this.refused.has(each.join('-')));
    const codes = partitions.map(
      (each) => [...each, code || (this.refused.get(each.join('-')) ?? (refused ? 55 : 0))] as const,
    );
    return { code: codes.find(([, , code]) => code !== 0 && code !== 55)?.[2] ?? 0, codes };
  }
}

function sessionOf(coordinator = new FakeCoordinator(), timeout = 60_000) {
  const voided: SendFailure[] = [];
  const settings = {
    coordinator,
    transactionalId: 't',
    timeout,
    voided: (why: SendFailure) => voided.push(why),
  };
  return { coordinator, voided, session: new Session(settings) };
}

const begin = (session: Session, mayShutOut = true) => session.begin(signal, async () => mayShutOut);

const failure = new SendFailure('LC_OUTPUT_FAILED', 'a test');

describe('a session', () => {
  test('asks for a partition once in a transaction, and for those that come together in one request', async () => {
    const { coordinator, session } = sessionOf();
    await begin(session);
    await Promise.all([session.enlist('logs', 0), session.enlist('logs', 1), session.enlist('logs', 0)]);
    await Promise.all([session.enlist('logs', 1), session.enlist('other', 2)]);
    await session.commit(signal);
    await session.enlist('logs', 0);
    expect(coordinator.asked).toEqual(['init -1', 'add logs-0,logs-1', 'add other-2', 'commit', 'add logs-0']);
  });

  test('a partition that is refused is refused alone', async () => {
    const { coordinator, session, voided } = sessionOf();
    await begin(session);
    coordinator.refused.set('secret-0', 29);
    const wishes = [session.enlist('logs', 0), session.enlist('secret', 0), session.enlist('logs', 1)];
    expect(await Promise.allSettled(wishes)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'LC_OUTPUT_FORBIDDEN' } },
      { status: 'fulfilled' },
    ]);
    expect(coordinator.asked.slice(1)).toEqual(['add logs-0,logs-1,secret-0', 'add logs-0,logs-1']);
    expect(voided).toEqual([]);
  });

  test('has nothing to commit where nothing took part', async () => {
    const { coordinator, session } = sessionOf();
    await begin(session);
    await session.commit(signal);
    expect(coordinator.asked).toEqual(['init -1']);
  });

  test('is void before it begins and after a failure, until it begins anew as the one that it was', async () => {
    const { coordinator, session, voided } = sessionOf();
    await expect(session.enlist('logs', 0)).rejects.toThrow('no transaction');
    await begin(session);
    await session.enlist('logs', 0);
    const wish = session.enlist('logs', 1);
    session.void(failure);
    await expect(wish).rejects.toBe(failure);
    await expect(session.enlist('logs', 0)).rejects.toBe(failure);
    await expect(session.commit(signal)).rejects.toBe(failure);
    expect(() => session.producer).toThrow(failure);
    expect(voided).toEqual([failure]);
    await begin(session);
    expect(session.producer).toEqual({ id: '1', epoch: 1, transactionalId: 't' });
    expect(coordinator.asked.filter((each) => each.startsWith('init'))).toEqual(['init -1', 'init 0']);
    await session.enlist('logs', 0);
  });

  test('a commit whose outcome is not known makes it void', async () => {
    const { coordinator, session, voided } = sessionOf();
    await begin(session);
    await session.enlist('logs', 0);
    coordinator.next.push(48);
    await expect(session.commit(signal)).rejects.toThrow('INVALID_TXN_STATE');
    expect(voided).toHaveLength(1);
  });

  test('who comes later stays: the one before is told when it begins anew, as often as it does', async () => {
    const { coordinator, session, voided } = sessionOf();
    await begin(session);
    const { session: second } = sessionOf(coordinator);
    await begin(second);
    await expect(session.enlist('logs', 0)).rejects.toThrow('INVALID_PRODUCER_EPOCH');
    expect(voided).toHaveLength(1);
    for (let n = 0; n < 2; n++) await expect(begin(session)).rejects.toMatchObject({ code: 'LC_OUTPUT_FENCED' });
    await second.enlist('logs', 0);
    await second.commit(signal);
  });

  test('who is shut out lets the other one get on with its transaction', async () => {
    const { coordinator, session } = sessionOf();
    await begin(session);
    const { session: second } = sessionOf(coordinator);
    await begin(second);
    await second.enlist('logs', 0);
    await expect(session.enlist('logs', 0)).rejects.toThrow('INVALID_PRODUCER_EPOCH');
    await expect(begin(session)).rejects.toMatchObject({ code: 'LC_OUTPUT_FENCED' });
    await second.commit(signal);
  });

  test('a transaction that was aborted for its age is no second agent, also where the broker does not know us any more', async () => {
    const { coordinator, session } = sessionOf(undefined, 0);
    await begin(session);
    await session.enlist('logs', 0);
    coordinator.epoch++; // as Kafka 3.9 does
    coordinator.open = false;
    await expect(session.commit(signal)).rejects.toThrow('INVALID_PRODUCER_EPOCH');
    await begin(session);
    expect(coordinator.asked.slice(-2)).toEqual(['init 0', 'init -1']);
    await session.enlist('logs', 0);
  });

  test('shuts out nobody who may have come later: one of before has not, one that is too old is not known to', async () => {
    const { coordinator, session } = sessionOf(undefined, 0);
    await begin(session);
    await session.enlist('logs', 0);
    const { session: second } = sessionOf(coordinator);
    await begin(second);
    await expect(session.commit(signal)).rejects.toThrow('INVALID_PRODUCER_EPOCH');
    await expect(begin(session, false)).rejects.toMatchObject({ code: 'LC_OUTPUT_FENCED' });
    await expect(begin(sessionOf(coordinator).session, false)).rejects.toMatchObject({ code: 'LC_OUTPUT_FENCED' });
    await second.enlist('logs', 0);
    await second.commit(signal);
    await begin(second, false);
  });

  test('leaves no transaction open where it can', async () => {
    const { coordinator, session } = sessionOf();
    await begin(session);
    await session.enlist('logs', 0);
    await session.close();
    expect(coordinator.asked.at(-1)).toBe('abort');
    await expect(session.enlist('logs', 0)).rejects.toThrow('stops');
  });
});
