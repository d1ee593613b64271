import { LogcatchError, type Transactions } from '@logcatch/plugin-api';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../fixtures/scene.ts';
import { Marks } from './marks.ts';
import { TransactionSeries } from './transactions.ts';

/** A series over an output that does as the test says. */
class Stage {
  readonly failures: unknown[] = [];
  commits = 0;
  recovers = 0;
  told: ReadonlyMap<string, string | null> = new Map();
  opened = false;
  commit: () => Promise<void> = async () => {};
  recover: () => Promise<void> = async () => {};
  readonly series: TransactionSeries;
  readonly #stop = new AbortController();
  readonly #stored = new Map<string, string>();

  constructor() {
    const output: Transactions = {
      bytes: 1000,
      interval: 0,
      onMissing: 'stop',
      recover: async () => {
        this.recovers++;
        await this.recover();
        return this.#stored;
      },
      commit: async (positions) => {
        this.commits++;
        this.told = positions;
        await this.commit();
        for (const [key, text] of positions) this.#stored.set(key, text!);
      },
    };
    const environment = {
      store: { rows: [], adopt() {} },
      checkpointer: { onForget() {}, changed() {} },
      marks: new Marks(),
    };
    this.series = new TransactionSeries(environment as never, {
      writer: { agentId: 'test', output: 'out' },
      output: () => output,
      hold() {},
      close: () => {
        this.opened = false;
      },
      quiet: async () => {},
      open: () => {
        this.opened = true;
      },
      committed() {},
      failed: (error) => {
        this.failures.push(error);
        return new LogcatchError('LC_OUTPUT_FAILED', String(error));
      },
    });
    const running = this.series.run(this.#stop.signal);
    onTestFinished(async () => {
      this.#stop.abort();
      await running;
    });
  }

  /** It has recovered so many times, and committed so often. */
  async calm(recovers: number, commits: number): Promise<void> {
    await until(() => expect(this).toMatchObject({ opened: true, recovers, commits }));
  }
}

test('a write of no source that ends when its transaction has become void commits nothing, and leaves no failure behind', async () => {
  const stage = new Stage();
  await stage.calm(1, 1);
  const written = Promise.withResolvers<void>();
  const carried = stage.series.carry(() => written.promise);
  // Until its transaction is closed.
  await new Promise((resolve) => setTimeout(resolve, 10));
  const recovered = Promise.withResolvers<void>();
  stage.recover = () => recovered.promise;
  stage.commit = async () => {
    throw new Error('a commit while it recovers');
  };
  stage.series.void();
  written.resolve();
  await expect(carried).rejects.toMatchObject({ code: 'LC_OUTPUT_FAILED' });
  stage.commit = async () => {};
  recovered.resolve();
  await stage.calm(2, 1);
  stage.series.void();
  await stage.calm(3, 1);
  expect(stage.failures).toEqual([]);
});

test('a write of no source that fails when it is void already leaves no failure behind', async () => {
  const stage = new Stage();
  await stage.calm(1, 1);
  const written = Promise.withResolvers<void>();
  const carried = stage.series.carry(() => written.promise);
  stage.recover = async () => {
    written.reject(new Error('the session is void'));
    await carried.catch(() => {});
  };
  stage.series.void();
  await expect(carried).rejects.toThrow('the session is void');
  await stage.calm(2, 1);
  stage.series.void();
  await stage.calm(3, 1);
  expect(stage.failures).toEqual([]);
});

test('one that has nothing to commit commits its mark again now and then, and so learns that it was shut out', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const stage = new Stage();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stage).toMatchObject({ recovers: 1, commits: 1 });
  const mark = stage.told;
  expect(mark.size).toBe(1);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(stage.commits).toBe(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(stage).toMatchObject({ recovers: 1, commits: 2, told: mark });
  const fenced = new LogcatchError('LC_OUTPUT_FENCED', 'another agent has taken over');
  stage.commit = () => Promise.reject(fenced);
  stage.recover = () => Promise.reject(fenced);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(stage).toMatchObject({ commits: 3, opened: false });
  expect(stage.failures).toContain(fenced);
});
