import { expect, test } from 'vitest';
import type { Call } from './call.ts';
import { Coordinator } from './coordinator.ts';
import { SendFailure } from './failure.ts';
import { endTxn } from './transaction-calls.ts';

const commit = endTxn({ id: '1', epoch: 0, transactionalId: 't' }, 'commit');
const { signal } = new AbortController();

/** Answers with these codes in turn, or not at all. */
function clusterThat(...answers: (number | 'silence')[]) {
  const asked: string[] = [];
  const request = async <T>({ apiName }: Call<T>, who: unknown): Promise<T> => {
    asked.push(apiName);
    if (apiName === 'FindCoordinator') {
      expect(who).toBe('any');
      return { code: 0, address: { host: 'b', port: 1 } } as T;
    }
    expect(who).toEqual({ host: 'b', port: 1 });
    const answer = answers.shift();
    if (answer === 'silence') throw new SendFailure('LC_OUTPUT_UNREACHABLE', 'no answer', { unknown: true });
    return { code: answer } as T;
  };
  return { asked, coordinator: new Coordinator({ request }, 't') };
}

test('a transaction before it that is not over is waited for, with the same coordinator', async () => {
  const { asked, coordinator } = clusterThat(51, 51, 0);
  expect(await coordinator.ask(commit, signal)).toEqual({ code: 0 });
  expect(asked).toEqual(['FindCoordinator', 'EndTxn', 'EndTxn', 'EndTxn']);
});

test('a coordinator that is not there any more, or does not answer, is looked for again', async () => {
  const { asked, coordinator } = clusterThat(16, 'silence', 0);
  expect(await coordinator.ask(commit, signal)).toEqual({ code: 0 });
  expect(asked.filter((name) => name === 'FindCoordinator')).toHaveLength(3);
});

test('any other answer is the answer', async () => {
  const { asked, coordinator } = clusterThat(47, 0);
  expect(await coordinator.ask(commit, signal)).toEqual({ code: 47 });
  await coordinator.ask(commit, signal);
  expect(asked).toEqual(['FindCoordinator', 'EndTxn', 'EndTxn']);
});

test('it gives up when it is told to', async () => {
  const { coordinator } = clusterThat(...new Array<number>(10_000).fill(51));
  const life = new AbortController();
  const answer = coordinator.ask(commit, life.signal);
  life.abort(new Error('enough'));
  await expect(answer).rejects.toThrow('enough');
});
