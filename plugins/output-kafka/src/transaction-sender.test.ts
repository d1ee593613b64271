import { expect, test } from 'vitest';
import type { Call } from './call.ts';
import { failureOf } from './codes.ts';
import { SendFailure } from './failure.ts';
import type { RecordBatch, Sender } from './sender.ts';
import { Session } from './session.ts';
import { TransactionSender } from './transaction-sender.ts';

const { signal } = new AbortController();

/** Grants everything. */
const coordinator = {
  ask: async <T>({ apiName }: Call<T>) =>
    (apiName === 'InitProducerId'
      ? { code: 0, producer: { id: '1', epoch: 0, transactionalId: 't' } }
      : { code: 0, codes: [['logs', 0, 0]] }) as T,
};

test('an answer to what is void already does not make void what was begun since', async () => {
  const session = new Session({ coordinator, transactionalId: 't', timeout: 60_000, voided: () => {} });
  const sent = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<bigint>();
  const inner = {
    send: () => {
      sent.resolve();
      return answer.promise;
    },
  } as unknown as Sender<string>;
  const sender = new TransactionSender(inner, session, { enlist: async () => {} });
  await session.begin(signal, async () => true);
  const late = sender.send('logs', 0, {} as RecordBatch<string>);
  await sent.promise;
  session.void(new SendFailure('LC_OUTPUT_FAILED', 'a test'));
  await session.begin(signal, async () => true);
  answer.reject(failureOf(47));
  await expect(late).rejects.toThrow('INVALID_PRODUCER_EPOCH');
  expect(session.life.aborted).toBe(false);
});
